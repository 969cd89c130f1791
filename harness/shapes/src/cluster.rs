//! Clusters (istio/istio:pilot/pkg/networking/core/cluster.go, cluster_builder.go).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use dualproof_model::family::IpFamily;
use dualproof_model::spec::PassthroughShape;
use serde_json::{Value, json};

use crate::endpoint::merges;
use crate::envoy::{ads, bind, http2_upstream, sniffed_upstream, typed, upstream_tls, with};
use crate::inbound::InboundPort;
use crate::proxy::{BLACK_HOLE, PASSTHROUGH, Proxy, inbound_cluster, outbound_cluster};
use crate::world::{MtlsMode, Protocol, Service, ServicePort};

/// A day in which nobody looks: hosts of an inbound cluster are never swept up.
const NEVER: &str = "9223372035s";

/// Makes all clusters that a sidecar is sent.
pub(crate) fn clusters(proxy: &Proxy<'_>, inbound: &BTreeMap<u16, InboundPort<'_>>) -> Vec<Value> {
    let mut clusters = vec![cluster(BLACK_HOLE, BLACK_HOLE, json!({ "type": "STATIC" }))];
    clusters.push(passthrough(PASSTHROUGH, None));
    clusters.extend(inbound_passthroughs(proxy).into_iter().map(|(name, sources)| passthrough(name, bind(&sources))));
    clusters.extend(inbound.values().map(|port| inbound_port(proxy, port)));
    for service in proxy.known_services() {
        clusters
            .extend(service.ports.iter().filter(|port| port.is_stream()).map(|port| outbound(proxy, service, port)));
    }
    clusters
}

/// Names the inbound passthrough clusters with their source addresses: one for both families, or one for each (up to 1.22).
pub(crate) fn inbound_passthroughs(proxy: &Proxy<'_>) -> Vec<(&'static str, Vec<IpAddr>)> {
    let sources = proxy.inbound_sources();
    match proxy.settings.shapes.inbound_passthrough {
        PassthroughShape::Single => vec![("InboundPassthroughCluster", sources)],
        PassthroughShape::PerFamily => sources
            .into_iter()
            .map(|source| match IpFamily::of(&source) {
                IpFamily::IPv4 => ("InboundPassthroughClusterIpv4", vec![source]),
                IpFamily::IPv6 => ("InboundPassthroughClusterIpv6", vec![source]),
            })
            .collect(),
    }
}

fn cluster(name: &str, statistics: &str, rest: Value) -> Value {
    let names = [
        ("name", Some(json!(name))),
        ("alt_stat_name", Some(json!(format!("{statistics};")))),
        ("connect_timeout", Some(json!("10s"))),
    ];
    typed("envoy.config.cluster.v3.Cluster", with(rest, names))
}

/// A cluster that dials what the client dialled.
fn original_destination() -> Value {
    json!({ "type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED", "circuit_breakers": no_limits() })
}

fn no_limits() -> Value {
    json!({
        "thresholds": [{
            "max_connections": u32::MAX,
            "max_pending_requests": u32::MAX,
            "max_requests": u32::MAX,
            "max_retries": u32::MAX,
        }],
    })
}

fn passthrough(name: &str, bind: Option<Value>) -> Value {
    let options = Some(sniffed_upstream(true));
    let rest =
        with(original_destination(), [("upstream_bind_config", bind), ("typed_extension_protocol_options", options)]);
    // The inbound one shares the statistics of the outbound one, in Istio, too.
    let statistics = if name.starts_with("InboundPassthroughClusterIpv") { name } else { PASSTHROUGH };
    cluster(name, statistics, rest)
}

fn inbound_port(proxy: &Proxy<'_>, port: &InboundPort<'_>) -> Value {
    let name = inbound_cluster(port.number);
    let mut sources = proxy.inbound_sources();
    if proxy.is_dual() && !proxy.is_dual_stack() {
        sources.truncate(1);
    }
    let rest = with(
        original_destination(),
        [
            ("cleanup_interval", Some(json!(NEVER))),
            ("upstream_bind_config", bind(&sources)),
            ("metadata", Some(services(proxy, &port.services))),
            ("common_lb_config", Some(json!({}))),
            ("typed_extension_protocol_options", upstream_http(port.protocol)),
        ],
    );
    cluster(&name, &name, rest)
}

fn outbound(proxy: &Proxy<'_>, service: &Service, port: &ServicePort) -> Value {
    let host = service.host(&proxy.settings.names.domain);
    let name = outbound_cluster(&host, port.number);
    let tls = || upstream_tls(&identities(proxy, service), &host, port.number, port.protocol.is_http2());
    let rest = if service.headless {
        with(original_destination(), [("transport_socket", all_take_mtls(proxy, service, port).then(tls))])
    } else {
        let lookup = json!({
            "type": "EDS",
            "eds_cluster_config": { "eds_config": ads(), "service_name": name },
            "lb_policy": "LEAST_REQUEST",
            "circuit_breakers": no_limits(),
        });
        with(lookup, [("transport_socket_matches", may_be_mtls(proxy, service).then(|| by_endpoint(tls())))])
    };
    let rest = with(
        rest,
        [
            ("metadata", Some(services(proxy, &[service]))),
            ("common_lb_config", Some(json!({ "healthy_panic_threshold": {} }))),
            ("typed_extension_protocol_options", upstream_http(port.protocol)),
        ],
    );
    cluster(&name, &name, rest)
}

/// mTLS to endpoints that take it, plaintext to the others.
fn by_endpoint(tls: Value) -> Value {
    let plain = json!({
        "name": "envoy.transport_sockets.raw_buffer",
        "typed_config": typed("envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer", json!({})),
    });
    json!([
        { "name": "tlsMode-istio", "match": { "tlsMode": "istio" }, "transport_socket": tls },
        { "name": "tlsMode-disabled", "match": {}, "transport_socket": plain },
    ])
}

/// istiod looks at namespace and mesh only when it decides whether clients try mTLS
/// (istio/istio:pilot/pkg/model/push_context.go `BestEffortInferServiceMTLSMode`).
fn may_be_mtls(proxy: &Proxy<'_>, service: &Service) -> bool {
    let root = &proxy.settings.names.root_namespace;
    proxy.world.namespace_mtls(&service.namespace, root) != Some(MtlsMode::Disable)
}

/// A headless Service is called by address, so its endpoints cannot be told apart: mTLS if there are any and all take it.
fn all_take_mtls(proxy: &Proxy<'_>, service: &Service, port: &ServicePort) -> bool {
    let backends = proxy.world.backends(service, port, merges(proxy));
    let all = backends.iter().all(|backend| backend.pod.is_some_and(crate::world::Pod::takes_mtls));
    !backends.is_empty() && all && may_be_mtls(proxy, service)
}

/// SPIFFE names of all that stand behind any port of the Service, sorted.
fn identities(proxy: &Proxy<'_>, service: &Service) -> Vec<String> {
    let trust = &proxy.settings.names.trust_domain;
    let all: BTreeSet<String> = service
        .ports
        .iter()
        .flat_map(|port| proxy.world.backends(service, port, false))
        .filter_map(|backend| backend.pod)
        .map(|pod| format!("spiffe://{trust}/ns/{}/sa/{}", pod.id.namespace, pod.service_account))
        .collect();
    all.into_iter().collect()
}

fn upstream_http(protocol: Protocol) -> Option<Value> {
    match protocol {
        Protocol::Http2 | Protocol::Grpc => Some(http2_upstream()),
        Protocol::Auto => Some(sniffed_upstream(false)),
        Protocol::Tcp | Protocol::Http | Protocol::Datagram => None,
    }
}

/// What telemetry reads: the Services behind a cluster.
fn services(proxy: &Proxy<'_>, services: &[&Service]) -> Value {
    let one = |service: &&Service| {
        let host = service.host(&proxy.settings.names.domain);
        json!({ "name": service.name, "namespace": service.namespace, "host": host })
    };
    let all: Vec<Value> = services.iter().map(one).collect();
    json!({ "filter_metadata": { "istio": { "services": all } } })
}
