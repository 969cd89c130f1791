//! Addresses.

use std::net::IpAddr;

use serde_json::{Value, json};

/// Makes an `Address` of a socket.
pub(crate) fn socket(address: IpAddr, port: u16) -> Value {
    json!({ "socket_address": { "address": address.to_string(), "port_value": port } })
}

/// Makes `additional_addresses`; `None` when there are none.
pub(crate) fn additional(addresses: &[IpAddr], port: u16) -> Option<Value> {
    let all: Vec<Value> = addresses.iter().map(|address| json!({ "address": socket(*address, port) })).collect();
    (!all.is_empty()).then_some(Value::Array(all))
}

/// Makes `upstream_bind_config` of source addresses, the first one first; `None` when there are none.
pub(crate) fn bind(sources: &[IpAddr]) -> Option<Value> {
    let one = |address: &IpAddr| json!({ "address": address.to_string(), "port_value": 0 });
    let (first, extra) = sources.split_first()?;
    let mut config = json!({ "source_address": one(first) });
    if !extra.is_empty() {
        config["extra_source_addresses"] = extra.iter().map(|address| json!({ "address": one(address) })).collect();
    }
    Some(config)
}
