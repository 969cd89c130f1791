//! Static listeners and clusters.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use dualproof_model::family::{IpFamily, listener_name};
use dualproof_model::spec::InfraShape;
use serde_json::{Value, json};

use super::ADMIN;
use crate::envoy::{additional, extension, http2_upstream, socket, typed, with};
use crate::proxy::Proxy;

/// The port of the pod's agent.
const AGENT: u16 = 15020;

/// The loopback address that the pod's own calls go to: of the family of `podIPs[0]`.
pub(super) fn localhost(proxy: &Proxy<'_>) -> IpAddr {
    match IpFamily::of(&proxy.first_ip) {
        IpFamily::IPv4 => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpFamily::IPv6 => IpAddr::V6(Ipv6Addr::LOCALHOST),
    }
}

/// Makes the listeners for statistics (15090) and readiness (15021).
pub(super) fn listeners(proxy: &Proxy<'_>) -> Value {
    let statistics = [compressor("brotli", "Brotli"), compressor("zstd", "Zstd"), compressor("gzip", "Gzip"), router()];
    json!([
        listener(proxy, 15090, "stats", "/stats/prometheus", "prometheus_stats", &statistics),
        listener(proxy, 15021, "agent", "/healthz/ready", "agent", &[router()]),
    ])
}

/// Makes the clusters behind them, and those of the two streams.
pub(super) fn clusters(proxy: &Proxy<'_>) -> Value {
    let local = localhost(proxy);
    let limits = json!({ "max_connections": 100_000, "max_pending_requests": 100_000, "max_requests": 100_000 });
    let high = with(limits.clone(), [("priority", Some(json!("HIGH")))]);
    let stream = [
        ("max_requests_per_connection", Some(json!(1))),
        ("circuit_breakers", Some(json!({ "thresholds": [limits, high] }))),
        ("upstream_connection_options", Some(json!({ "tcp_keepalive": { "keepalive_time": 300 } }))),
    ];
    let pipe = |path: &str| json!({ "pipe": { "path": path } });
    let http2 = |cluster| with(cluster, [("typed_extension_protocol_options", Some(http2_upstream()))]);
    json!([
        cluster("prometheus_stats", "0.250s", socket(local, ADMIN)),
        cluster("agent", "0.250s", socket(local, AGENT)),
        http2(cluster("sds-grpc", "1s", pipe("./var/run/secrets/workload-spiffe-uds/socket"))),
        with(http2(cluster("xds-grpc", "1s", pipe("./etc/istio/proxy/XDS"))), stream),
    ])
}

/// The wildcards that the static listeners bind: the pod's first family, and the other where version and switch have it.
fn wildcards(proxy: &Proxy<'_>) -> (IpAddr, Option<IpAddr>) {
    let any = |family| match family {
        IpFamily::IPv4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpFamily::IPv6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let first = IpFamily::of(&proxy.first_ip);
    let both = proxy.settings.shapes.infra_listeners == InfraShape::BothFamilies
        && proxy.settings.dual_stack.proxy
        && proxy.is_dual();
    (any(first), both.then(|| any(first.other())))
}

fn listener(proxy: &Proxy<'_>, port: u16, prefix: &str, path: &str, cluster: &str, filters: &[Value]) -> Value {
    let (first, other) = wildcards(proxy);
    let manager = json!({
        "stat_prefix": prefix,
        "route_config": {
            "virtual_hosts": [{
                "name": "backend",
                "domains": ["*"],
                "routes": [{ "match": { "prefix": path }, "route": { "cluster": cluster } }],
            }],
        },
        "http_filters": filters,
    });
    let manager = typed("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", manager);
    let filter = extension("envoy.filters.network.http_connection_manager", manager);
    let listener = json!({
        "name": listener_name(first, port),
        "address": socket(first, port),
        "filter_chains": [{ "filters": [filter] }],
        "ignore_global_conn_limit": true,
        "bypass_overload_manager": true,
    });
    with(listener, [("additional_addresses", additional(other.as_slice(), port))])
}

fn router() -> Value {
    extension("envoy.filters.http.router", typed("envoy.extensions.filters.http.router.v3.Router", json!({})))
}

fn compressor(name: &str, message: &str) -> Value {
    let library = typed(&format!("envoy.extensions.compression.{name}.compressor.v3.{message}"), json!({}));
    let types = [
        "text/plain",
        "application/vnd.google.protobuf",
        "application/openmetrics-text",
        "application/openmetrics-protobuf",
    ];
    let config = json!({
        "compressor_library": { "name": format!("stats_{name}"), "typed_config": library },
        "response_direction_config": { "common_config": { "content_type": types } },
    });
    extension(
        &format!("envoy.filters.http.compressor.{name}"),
        typed("envoy.extensions.filters.http.compressor.v3.Compressor", config),
    )
}

fn cluster(name: &str, timeout: &str, address: Value) -> Value {
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": timeout,
        "alt_stat_name": format!("{name};"),
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": address } }] }],
        },
    })
}
