//! The listener that takes captured inbound connections.

use std::collections::BTreeMap;
use std::net::IpAddr;

use dualproof_model::family::{IpFamily, listener_name};
use dualproof_model::spec::PassthroughShape;
use serde_json::{Value, json};

use super::inspect::Inspectors;
use super::listener as bound;
use super::matching::{Chain, Handling, chains};
use crate::cluster::inbound_passthroughs;
use crate::envoy::{HttpSide, connection_manager, downstream_tls, fields, listener_access_log, tcp_proxy, with};
use crate::inbound::InboundPort;
use crate::proxy::{BLACK_HOLE, Proxy, inbound_cluster};
use crate::route::inbound_routes;
use crate::world::Protocol;

const NAME: &str = "virtualInbound";
const PORT: u16 = 15006;

/// Where a port's chains lead, and what they are called.
struct Target<'a> {
    port: Option<u16>,
    ranges: Option<Value>,
    cluster: String,
    protocol: Protocol,
    /// Names of the chains for HTTP and for bytes.
    names: [String; 2],
    statistics: String,
    /// What traces call it.
    operation: &'a str,
    service_port: u16,
}

/// Makes `virtualInbound`: what must not loop, what no Service names, and the ports of Services.
pub(super) fn listener(proxy: &Proxy<'_>, ports: &BTreeMap<u16, InboundPort<'_>>) -> Value {
    let mut addresses = proxy.wildcards();
    if !proxy.is_dual_stack() {
        addresses.truncate(1);
    }
    let wildcard = addresses.first().copied().unwrap_or(proxy.first_ip);
    let root = &proxy.settings.names.root_namespace;
    let rules = proxy.world.mtls(&proxy.pod.id.namespace, &proxy.pod.labels, root);

    let mut filter_chains = vec![json!({
        "name": "virtualInbound-blackhole",
        "filter_chain_match": { "destination_port": PORT },
        "filters": [tcp_proxy(BLACK_HOLE, false)],
    })];
    let mut inspectors = Inspectors::default();
    inspectors.note(PORT, false, false);
    let mut add = |target: &Target<'_>, port: u16| {
        for chain in chains(target.protocol, rules.port(port)) {
            inspectors.note(port, chain.needs_tls_inspector(), chain.needs_http_inspector());
            filter_chains.push(filter_chain(proxy, target, chain));
        }
    };
    // Ports that only a policy names get a passthrough of their own.
    let unnamed = rules.ports.keys().copied().filter(|port| !ports.contains_key(port));
    for port in std::iter::once(0).chain(unnamed) {
        for (cluster, sources) in inbound_passthroughs(proxy) {
            add(&passthrough(proxy, cluster, &sources, port), port);
        }
    }
    for port in ports.values() {
        let host = port.services.first().map(|service| service.host(&proxy.settings.names.domain)).unwrap_or_default();
        add(&service_port(port, wildcard, &host), port.number);
    }

    let rest = json!({
        "filter_chains": filter_chains,
        "listener_filters": inspectors.filters(),
        "listener_filters_timeout": "0s",
        "continue_on_listener_filters_timeout": true,
        "max_connections_to_accept_per_socket_event": 1,
    });
    let rest = with(rest, [("access_log", proxy.settings.access_log.then(listener_access_log))]);
    bound(NAME, &addresses, PORT, "INBOUND", rest)
}

fn passthrough(proxy: &Proxy<'_>, cluster: &str, sources: &[IpAddr], port: u16) -> Target<'static> {
    // Up to 1.22 each family has its own cluster, and its chains take the family's addresses only.
    let range = |source: &IpAddr| match IpFamily::of(source) {
        IpFamily::IPv4 => json!([{ "address_prefix": "0.0.0.0", "prefix_len": 0 }]),
        IpFamily::IPv6 => json!([{ "address_prefix": "::0", "prefix_len": 0 }]),
    };
    let per_family = proxy.settings.shapes.inbound_passthrough == PassthroughShape::PerFamily;
    Target {
        port: (port != 0).then_some(port),
        ranges: sources.first().filter(|_| per_family).map(range),
        cluster: cluster.to_owned(),
        protocol: Protocol::Auto,
        names: ["virtualInbound-catchall-http".to_owned(), NAME.to_owned()],
        statistics: cluster.to_owned(),
        operation: "",
        service_port: 0,
    }
}

fn service_port<'a>(port: &InboundPort<'_>, wildcard: IpAddr, host: &'a str) -> Target<'a> {
    let name = listener_name(wildcard, port.number);
    Target {
        port: Some(port.number),
        ranges: None,
        cluster: inbound_cluster(port.number),
        protocol: port.protocol,
        statistics: format!("inbound_{name}"),
        names: [name.clone(), name],
        operation: host,
        service_port: port.service_port,
    }
}

fn filter_chain(proxy: &Proxy<'_>, target: &Target<'_>, chain: Chain) -> Value {
    let [http_name, tcp_name] = &target.names;
    let (name, filter) = match chain.handling {
        Handling::Http => {
            let routes = inbound_routes(&target.cluster, target.operation, target.service_port, target.protocol);
            let side = HttpSide::Inbound { routes, http2: target.protocol.is_http2() };
            (http_name, connection_manager(proxy, &target.statistics, side))
        }
        Handling::Tcp => (tcp_name, tcp_proxy(&target.cluster, proxy.settings.access_log)),
    };
    let tls = chain.ends_tls.then(|| downstream_tls(&proxy.settings.names.trust_domain));
    Value::Object(fields([
        ("name", Some(json!(name))),
        ("filter_chain_match", Some(chain.to_match(target.port, target.ranges.as_ref()))),
        ("filters", Some(json!([filter]))),
        ("transport_socket", tls),
    ]))
}
