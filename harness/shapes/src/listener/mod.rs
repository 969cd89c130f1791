//! Listeners (istio/istio:pilot/pkg/networking/core/listener*.go).

mod inbound;
mod inspect;
mod matching;
mod outbound;
mod virtual_outbound;

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Value, json};

use crate::envoy::{additional, socket, typed, with};
use crate::inbound::InboundPort;
use crate::proxy::Proxy;

/// Makes all listeners that a sidecar is sent: captured outbound ones by name, then the two that the redirect leads to.
pub(crate) fn listeners(proxy: &Proxy<'_>, ports: &BTreeMap<u16, InboundPort<'_>>) -> Vec<Value> {
    let mut listeners = outbound::listeners(proxy);
    listeners.push(virtual_outbound::listener(proxy));
    listeners.push(inbound::listener(proxy, ports));
    listeners
}

/// Makes a listener on its addresses, the primary one first.
fn listener(name: &str, addresses: &[IpAddr], port: u16, direction: &str, rest: Value) -> Value {
    let (first, others) = match addresses.split_first() {
        Some((first, others)) => (Some(socket(*first, port)), others),
        None => (None, addresses),
    };
    let own = [
        ("name", Some(json!(name))),
        ("address", first),
        ("additional_addresses", additional(others, port)),
        ("traffic_direction", Some(json!(direction))),
    ];
    typed("envoy.config.listener.v3.Listener", with(rest, own))
}
