//! One form for what was sent and what Envoy made of it.

use dualproof_shapes::sidecar::Sidecar;
use serde_json::Value;

use super::recording::Parts;

/// Takes a computed sidecar apart as a dump is taken apart.
pub(crate) fn computed(sidecar: &Sidecar) -> Parts {
    let named = |list: &[Value]| {
        list.iter().filter_map(|part| Some((part["name"].as_str()?.to_owned(), part.clone()))).collect()
    };
    let by_name = |map: &std::collections::BTreeMap<String, Value>| map.clone();
    let mut parts = Parts::default();
    parts.kinds.insert("bootstrap", [("bootstrap".to_owned(), sidecar.bootstrap.clone())].into());
    parts.kinds.insert("listeners", named(&sidecar.listeners));
    parts.kinds.insert("clusters", named(&sidecar.clusters));
    parts.kinds.insert("endpoints", by_name(&sidecar.endpoints));
    parts.kinds.insert("routes", by_name(&sidecar.routes));
    parts
}

/// Brings parts into the form in which two of them compare: what Envoy adds to endpoints on its own is taken off, a cluster without
/// hosts has no localities, hosts are in the order of their addresses.
pub(crate) fn normal(mut parts: Parts) -> Parts {
    for part in parts.kinds.get_mut("endpoints").into_iter().flat_map(|named| named.values_mut()) {
        if let Value::Object(map) = part {
            map.remove("policy");
        }
        for locality in part["endpoints"].as_array_mut().into_iter().flatten() {
            let Some(hosts) = locality["lb_endpoints"].as_array_mut() else { continue };
            for host in hosts.iter_mut() {
                if let Value::Object(map) = host {
                    map.remove("health_status");
                }
                if let Some(Value::Object(map)) = host.get_mut("endpoint") {
                    map.remove("health_check_config");
                }
            }
            hosts.sort_by_key(|host| host["endpoint"]["address"].to_string());
        }
        if part["endpoints"].is_null()
            && let Value::Object(map) = part
        {
            map.remove("endpoints");
        }
    }
    // Envoy lists a cluster without EDS among the endpoints, too: without hosts, or with those that it dialled lately.
    let eds: Vec<String> = parts
        .kinds
        .get("clusters")
        .into_iter()
        .flatten()
        .filter(|(_, cluster)| cluster["type"] == "EDS")
        .map(|(name, _)| name.clone())
        .collect();
    if let Some(named) = parts.kinds.get_mut("endpoints") {
        named.retain(|name, _| eds.contains(name));
    }
    if let Some(Value::Object(node)) =
        parts.kinds.get_mut("bootstrap").and_then(|whole| whole.get_mut("bootstrap")?.get_mut("node"))
    {
        for own in ["extensions", "user_agent_name", "user_agent_build_version"] {
            node.remove(own);
        }
    }
    parts
}

/// Leaves keys out wherever they stand.
pub(crate) fn without(parts: &mut Parts, keys: &[&str]) {
    fn clean(value: &mut Value, keys: &[&str]) {
        match value {
            Value::Object(map) => {
                map.retain(|key, _| !keys.contains(&key.as_str()));
                map.values_mut().for_each(|inner| clean(inner, keys));
            }
            Value::Array(list) => list.iter_mut().for_each(|inner| clean(inner, keys)),
            _ => {}
        }
    }
    parts.kinds.values_mut().flat_map(|named| named.values_mut()).for_each(|part| clean(part, keys));
}
