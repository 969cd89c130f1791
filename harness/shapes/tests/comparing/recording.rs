//! What a real proxy had, out of its `config_dump`.

use std::collections::BTreeMap;

use serde_json::Value;

/// The configuration of one proxy by kind, each part by its name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Parts {
    /// Kind (`listeners`, `clusters`, `endpoints`, `routes`, `bootstrap`), then name.
    pub(crate) kinds: BTreeMap<&'static str, BTreeMap<String, Value>>,
}

/// Where each kind stands: section, list, path to the part, key of its name.
const DYNAMIC: [(&str, &str, &str, &[&str], &str); 4] = [
    ("listeners", "ListenersConfigDump", "dynamic_listeners", &["active_state", "listener"], "name"),
    ("clusters", "ClustersConfigDump", "dynamic_active_clusters", &["cluster"], "name"),
    ("endpoints", "EndpointsConfigDump", "dynamic_endpoint_configs", &["endpoint_config"], "cluster_name"),
    ("routes", "RoutesConfigDump", "dynamic_route_configs", &["route_config"], "name"),
];

/// Takes the active dynamic parts, and the bootstrap, out of a dump. What only drains is left out.
pub(crate) fn parts(dump: &Value) -> Parts {
    let mut parts = Parts::default();
    for section in dump["configs"].as_array().into_iter().flatten() {
        let kind = section["@type"].as_str().unwrap_or_default();
        if kind.ends_with("BootstrapConfigDump") {
            let whole = BTreeMap::from([("bootstrap".to_owned(), section["bootstrap"].clone())]);
            parts.kinds.insert("bootstrap", whole);
        }
        for (name, suffix, list, path, key) in DYNAMIC {
            if kind.ends_with(suffix) {
                let found = section[list].as_array().into_iter().flatten().filter_map(|entry| {
                    let part = path.iter().try_fold(entry, |value, step| value.get(step))?;
                    Some((part[key].as_str()?.to_owned(), part.clone()))
                });
                parts.kinds.insert(name, found.collect());
            }
        }
    }
    parts
}

/// Reads the parts back out of a recording.
pub(crate) fn from_json(value: &Value) -> Parts {
    let mut parts = Parts::default();
    for kind in ["bootstrap", "listeners", "clusters", "endpoints", "routes"] {
        if let Some(Value::Object(named)) = value.get(kind) {
            parts.kinds.insert(kind, named.iter().map(|(name, part)| (name.clone(), part.clone())).collect());
        }
    }
    parts
}
