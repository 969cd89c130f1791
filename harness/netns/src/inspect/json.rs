//! Tables, addresses and routes as JSON.

use dualproof_model::family::IpFamily;
use ipnet::IpNet;
use serde_json::{Map, Value, json};

use crate::filter::Table;
use crate::link::{Address, Interface, KnownRoute};

/// As `nft -j list ruleset`, without rules and elements.
pub(super) fn tables(tables: &[Table]) -> Value {
    let mut objects = vec![
        json!({"metainfo": {"version": env!("CARGO_PKG_VERSION"), "release_name": "dualproof", "json_schema_version": 1}}),
    ];
    for table in tables {
        let family = if table.family == IpFamily::IPv4 { "ip" } else { "ip6" };
        objects.push(json!({"table": {"family": family, "name": table.name}}));
        for map in &table.maps {
            let kind = if map.value.is_some() { "map" } else { "set" };
            objects.push(json!({kind: {"family": family, "table": table.name, "name": map.name}}));
        }
        for chain in &table.chains {
            let mut object = json!({"family": family, "table": table.name, "name": chain.name});
            if let (Some(base), Some(fields)) = (&chain.base, object.as_object_mut()) {
                fields.insert("type".to_owned(), json!(base.kind));
                fields.insert("hook".to_owned(), json!(base.hook.word()));
                fields.insert("prio".to_owned(), json!(base.priority));
                fields.insert("policy".to_owned(), json!("accept"));
            }
            objects.push(json!({"chain": object}));
        }
    }
    json!({"nftables": objects})
}

/// As `ip -j addr`.
pub(super) fn addresses(interfaces: &[Interface]) -> Value {
    let link = |interface: &Interface| {
        json!({
            "ifindex": interface.number,
            "ifname": interface.name,
            "flags": if interface.is_up { vec!["UP"] } else { Vec::new() },
            "mtu": interface.mtu,
            "address": interface.hardware.map(|hardware| hardware.to_string()),
            "addr_info": interface.addresses.iter().map(address).collect::<Vec<_>>(),
        })
    };
    interfaces.iter().map(link).collect()
}

fn address(address: &Address) -> Value {
    let scope = match address.scope {
        0 => "global",
        253 => "link",
        254 => "host",
        _ => "site",
    };
    json!({
        "family": if address.net.addr().is_ipv4() { "inet" } else { "inet6" },
        "local": address.net.addr().to_string(),
        "prefixlen": address.net.prefix_len(),
        "scope": scope,
    })
}

/// As `ip -j route show table all`, which leaves out the type `unicast` and the table `main`.
pub(super) fn routes(routes: &[KnownRoute]) -> Value {
    routes.iter().map(route).collect()
}

fn route(route: &KnownRoute) -> Value {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    if let Some(kind) = kind(route.kind) {
        put("type", json!(kind));
    }
    put("dst", json!(destination(route.to)));
    if let Some(via) = route.via {
        put("gateway", json!(via.to_string()));
    }
    if let Some(interface) = &route.interface {
        put("dev", json!(interface));
    }
    match route.table {
        254 => None,
        255 => put("table", json!("local")),
        other => put("table", json!(other.to_string())),
    };
    if let Some(source) = route.source {
        put("prefsrc", json!(source.to_string()));
    }
    put("flags", if route.is_on_link { json!(["onlink"]) } else { json!([]) });
    Value::Object(fields)
}

fn kind(number: u8) -> Option<String> {
    Some(match number {
        1 => return None,
        2 => "local".to_owned(),
        3 => "broadcast".to_owned(),
        4 => "anycast".to_owned(),
        5 => "multicast".to_owned(),
        6 => "blackhole".to_owned(),
        7 => "unreachable".to_owned(),
        other => other.to_string(),
    })
}

fn destination(net: IpNet) -> String {
    match net.prefix_len() {
        0 => "default".to_owned(),
        length if length == net.max_prefix_len() => net.addr().to_string(),
        _ => net.to_string(),
    }
}
