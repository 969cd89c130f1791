//! Listeners of Services' ports. They bind nothing: `virtualOutbound` looks them up by address.

use std::collections::BTreeMap;
use std::net::IpAddr;

use dualproof_model::family::listener_name;
use serde_json::{Value, json};

use super::inspect::http_inspector;
use super::listener as bound;
use super::matching::PLAIN_HTTP;
use crate::endpoint::merges;
use crate::envoy::{HttpSide, connection_manager, tcp_proxy, with};
use crate::proxy::{Proxy, outbound_cluster};
use crate::world::{Protocol, Service, ServicePort};

/// Makes the listeners, by name. Of two Services that claim one address and port the older one has it.
pub(super) fn listeners(proxy: &Proxy<'_>) -> Vec<Value> {
    let mut listeners: BTreeMap<String, Value> = BTreeMap::new();
    for service in proxy.known_services() {
        for port in &service.ports {
            for addresses in addresses(proxy, service, port) {
                let Some(first) = addresses.first() else { continue };
                let name = listener_name(*first, port.number);
                listeners.entry(name.clone()).or_insert_with(|| listener(proxy, &name, &addresses, service, port));
            }
        }
    }
    listeners.into_values().collect()
}

/// Says which listeners a port needs: each by its addresses, the primary one first.
fn addresses(proxy: &Proxy<'_>, service: &Service, port: &ServicePort) -> Vec<Vec<IpAddr>> {
    match port.protocol {
        Protocol::Datagram => Vec::new(),
        Protocol::Http | Protocol::Http2 | Protocol::Grpc => {
            let mut wildcards = proxy.wildcards();
            if !proxy.settings.http_wildcard_is_free() && !proxy.is_dual_stack() {
                wildcards.truncate(1);
            }
            vec![wildcards]
        }
        // A headless Service is called by its pods' addresses. Istio leaves out the caller itself, which it knows by its first
        // address only.
        Protocol::Tcp | Protocol::Auto if service.headless => proxy
            .world
            .backends(service, port, merges(proxy))
            .into_iter()
            .map(|backend| backend.addresses)
            .filter(|addresses| addresses.first() != Some(&proxy.first_ip))
            .collect(),
        Protocol::Tcp | Protocol::Auto => vec![proxy.vips(service)],
    }
}

fn listener(proxy: &Proxy<'_>, name: &str, addresses: &[IpAddr], service: &Service, port: &ServicePort) -> Value {
    let host = service.host(&proxy.settings.names.domain);
    let logs = proxy.settings.access_log;
    let tcp = || {
        json!({
            "filters": [tcp_proxy(&outbound_cluster(&host, port.number), logs)],
            "transport_socket_connect_timeout": "15s",
        })
    };
    let http = |routes: &str| {
        let side = HttpSide::Outbound { routes };
        json!({
            "filter_chain_match": { "transport_protocol": "raw_buffer", "application_protocols": PLAIN_HTTP },
            "filters": [connection_manager(proxy, &format!("outbound_{name}"), side)],
            "transport_socket_connect_timeout": "15s",
        })
    };
    let rest = json!({
        "bind_to_port": false,
        "listener_filters_timeout": "0s",
        "continue_on_listener_filters_timeout": true,
    });
    let (chain, other) = match port.protocol {
        Protocol::Http | Protocol::Http2 | Protocol::Grpc => (http(&port.number.to_string()), Some(unknown(proxy))),
        Protocol::Auto => (http(&format!("{host}:{}", port.number)), Some(tcp())),
        Protocol::Tcp | Protocol::Datagram => (tcp(), None),
    };
    let inspectors = other.is_some().then(|| json!([http_inspector()]));
    let rest = with(
        rest,
        [("filter_chains", Some(json!([chain]))), ("default_filter_chain", other), ("listener_filters", inspectors)],
    );
    bound(name, addresses, port.number, "OUTBOUND", rest)
}

/// Takes what is no HTTP on a shared HTTP port. Istio names the chain so wherever it leads.
fn unknown(proxy: &Proxy<'_>) -> Value {
    json!({
        "name": "PassthroughFilterChain",
        "filter_chain_match": {},
        "filters": [tcp_proxy(proxy.unknown_cluster(), proxy.settings.access_log)],
    })
}
