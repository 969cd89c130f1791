//! What every cluster begins with.

use ipnet::IpNet;
use serde_json::json;

use crate::controller::ClusterConfig;
use crate::store::{Key, Refusal, Store, WriteOptions, resource};

/// Makes the namespaces of the system and the Service of the API.
pub(in crate::controller) fn begin(store: &Store, config: &ClusterConfig) -> Result<(), Refusal> {
    let options = WriteOptions::default();
    let make = |key: Key, object| match store.create(&key, object, &options) {
        Ok(_) | Err(Refusal::AlreadyExists { .. }) => Ok(()),
        Err(refusal) => Err(refusal),
    };
    for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
        make(Key::new(resource::NAMESPACES, "", name), json!({ "metadata": { "name": name } }))?;
    }
    let Some(range) = config.service_ranges.first() else { return Ok(()) };
    let service = json!({
        "metadata": { "name": "kubernetes", "labels": { "component": "apiserver", "provider": "kubernetes" } },
        "spec": {
            "clusterIP": first(range), "ports": [{ "name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443 }],
        },
    });
    make(Key::new(resource::SERVICES, "default", "kubernetes"), service)
}

/// Returns the first address of a range that can be given.
fn first(range: &IpNet) -> String {
    range.hosts().find(|address| *address != range.network()).map(|address| address.to_string()).unwrap_or_default()
}
