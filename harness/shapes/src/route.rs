//! Routes of HTTP ports (istio/istio:pilot/pkg/networking/core/httproute.go, route/route.go).

use std::collections::{BTreeMap, BTreeSet};

use dualproof_model::family::{Host, IpFamily};
use serde_json::{Value, json};

use crate::envoy::{typed, with};
use crate::proxy::{BLACK_HOLE, Proxy, outbound_cluster};
use crate::world::{Protocol, Service, ServicePort};

/// Makes the outbound routes, by name: one for each HTTP port number, and one for each port of a Service that is sniffed.
pub(crate) fn routes(proxy: &Proxy<'_>) -> BTreeMap<String, Value> {
    let mut shared: BTreeSet<u16> = BTreeSet::new();
    let mut routes = BTreeMap::new();
    for service in proxy.known_services() {
        for port in &service.ports {
            match port.protocol {
                Protocol::Http | Protocol::Http2 | Protocol::Grpc => {
                    shared.insert(port.number);
                }
                // Without an address there is no listener that would ask.
                Protocol::Auto if is_asked_for(proxy, service, port) => {
                    let name = format!("{}:{}", service.host(&proxy.settings.names.domain), port.number);
                    let only = virtual_host(proxy, service, port.number, json!(["*"]));
                    routes.insert(name.clone(), configuration(&name, vec![only]));
                }
                Protocol::Auto | Protocol::Tcp | Protocol::Datagram => {}
            }
        }
    }
    for port in shared {
        let name = port.to_string();
        routes.insert(name.clone(), configuration(&name, virtual_hosts(proxy, port)));
    }
    routes
}

/// Makes the routes of an inbound chain: everything to the application. `host` is empty for a passthrough.
pub(crate) fn inbound_routes(cluster: &str, host: &str, port: u16, protocol: Protocol) -> Value {
    let route = json!({
        "cluster": cluster,
        "timeout": "0s",
        "max_stream_duration": { "max_stream_duration": "0s", "grpc_timeout_header_max": "0s" },
    });
    let retries = json!({ "retry_on": "reset-before-request", "num_retries": 2 });
    json!({
        "name": cluster,
        "validate_clusters": false,
        "virtual_hosts": [{
            "name": format!("inbound|http|{port}"),
            "domains": ["*"],
            "routes": [{
                "name": "default",
                "match": { "prefix": "/" },
                "route": with(route, [("retry_policy", (protocol != Protocol::Grpc).then_some(retries))]),
                "decorator": { "operation": format!("{host}:{port}/*") },
            }],
        }],
    })
}

fn is_asked_for(proxy: &Proxy<'_>, service: &Service, port: &ServicePort) -> bool {
    !service.headless
        || proxy
            .world
            .backends(service, port, false)
            .iter()
            .any(|backend| backend.addresses.first() != Some(&proxy.first_ip))
}

fn configuration(name: &str, virtual_hosts: Vec<Value>) -> Value {
    let message = json!({
        "name": name,
        "virtual_hosts": virtual_hosts,
        "validate_clusters": false,
        "max_direct_response_body_size_bytes": 1_048_576,
        "ignore_port_in_host_matching": true,
    });
    typed("envoy.config.route.v3.RouteConfiguration", message)
}

/// All Services that have this port and may speak HTTP on it, also those that are sniffed: the shared listener cannot tell them apart.
fn virtual_hosts(proxy: &Proxy<'_>, port: u16) -> Vec<Value> {
    let mut hosts: BTreeMap<String, Value> = BTreeMap::new();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut services: Vec<&Service> = proxy.known_services().filter(|service| has(service, port)).collect();
    services.sort_by_key(|service| service.host(&proxy.settings.names.domain));
    for service in services {
        let mut domains = domains(proxy, service);
        domains.retain(|domain| taken.insert(domain.clone()));
        let name = service.host(&proxy.settings.names.domain);
        hosts.insert(name, virtual_host(proxy, service, port, json!(domains)));
    }
    hosts.into_values().chain([unknown_host(proxy)]).collect()
}

/// What becomes of calls to a name that no Service has (httproute.go `buildCatchAllVirtualHost`).
fn unknown_host(proxy: &Proxy<'_>) -> Value {
    let rule = json!({ "match": { "prefix": "/" } });
    let (name, rule) = match proxy.unknown_cluster() {
        BLACK_HOLE => ("block_all", with(rule, [("direct_response", Some(json!({ "status": 502 })))])),
        cluster => {
            let route = json!({ "cluster": cluster, "timeout": "0s", "max_grpc_timeout": "0s" });
            ("allow_any", with(rule, [("route", Some(route))]))
        }
    };
    json!({
        "name": name,
        "domains": ["*"],
        "routes": [with(rule, [("name", Some(json!(name)))])],
        "include_request_attempt_count": true,
    })
}

fn has(service: &Service, number: u16) -> bool {
    service
        .ports
        .iter()
        .any(|port| port.number == number && (port.protocol.is_http() || port.protocol == Protocol::Auto))
}

fn virtual_host(proxy: &Proxy<'_>, service: &Service, port: u16, domains: Value) -> Value {
    let host = service.host(&proxy.settings.names.domain);
    let previous = typed("envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate", json!({}));
    let retries = json!({
        "retry_on": "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
        "num_retries": 2,
        "retry_host_predicate": [
            { "name": "envoy.retry_host_predicates.previous_hosts", "typed_config": previous },
        ],
        "host_selection_retry_max_attempts": "5",
    });
    let route = json!({
        "cluster": outbound_cluster(&host, port),
        "timeout": "0s",
        "retry_policy": retries,
        "max_grpc_timeout": "0s",
    });
    let rule = json!({
        "name": "default",
        "match": { "prefix": "/" },
        "route": route,
        "decorator": { "operation": format!("{host}:{port}/*") },
    });
    let names = json!({ "name": format!("{host}:{port}"), "domains": domains });
    with(names, [("routes", Some(json!([rule]))), ("include_request_attempt_count", Some(json!(true)))])
}

/// The names by which a Service is called from this pod, then its addresses (IPv6 in brackets).
fn domains(proxy: &Proxy<'_>, service: &Service) -> Vec<String> {
    let host = service.host(&proxy.settings.names.domain);
    let short = format!("{}.{}", service.name, service.namespace);
    let mut domains = vec![host.clone(), format!("{host}.")];
    if service.namespace == proxy.pod.id.namespace {
        domains.push(service.name.clone());
        domains.push(format!("{short}.svc"));
        domains.push(short);
    } else {
        domains.push(short.clone());
        domains.push(format!("{short}.svc"));
    }
    if service.headless {
        let wild: Vec<String> = domains.iter().map(|domain| format!("*.{domain}")).collect();
        domains.extend(wild);
    }
    let all = if proxy.settings.routes_name_all_vips() { usize::MAX } else { 1 };
    let vips = proxy.vips(service).into_iter().filter(|address| proxy.has(IpFamily::of(address))).take(all);
    domains.extend(vips.map(|address| Host::Ip(address).to_string()));
    domains
}
