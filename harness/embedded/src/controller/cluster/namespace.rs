//! Namespaces: what each begins with, and how it ends.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::controller::ClusterConfig;
use crate::store::object::{is_terminating, now};
use crate::store::{Key, Part, Refusal, Removal, Store, WriteOptions, resource};

/// Gives a namespace its own objects; empties one that is going away, and lets it go when it is empty.
pub(in crate::controller) fn namespace(store: &Store, config: &ClusterConfig, name: &str) -> Result<(), Refusal> {
    let key = Key::new(resource::NAMESPACES, "", name);
    let namespace = store.get(&key)?;
    if !is_terminating(&namespace) {
        return furnish(store, config, name);
    }
    for content in store.contents(name) {
        match store.remove(&content, &Removal::default()) {
            Ok(_) | Err(Refusal::NotFound { .. }) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    let left = store.contents(name);
    let options = WriteOptions::default();
    if left.is_empty() {
        let emptied = |namespace: &Value| {
            let mut namespace = namespace.clone();
            namespace["spec"] = json!({});
            Ok(namespace)
        };
        return store.modify(&key, Part::Main, &options, emptied).map(drop);
    }
    let conditions = remaining(&left);
    let told = |namespace: &Value| {
        let mut namespace = namespace.clone();
        let before = namespace.pointer("/status/conditions/0/message").cloned();
        if before.as_ref() != Some(&conditions[0]["message"]) {
            namespace["status"]["conditions"] = conditions;
        }
        Ok(namespace)
    };
    store.modify(&key, Part::Status, &options, told).map(drop)
}

fn furnish(store: &Store, config: &ClusterConfig, name: &str) -> Result<(), Refusal> {
    let options = WriteOptions::default();
    let account = Key::new(resource::SERVICE_ACCOUNTS, name, "default");
    let certificate = Key::new(resource::CONFIG_MAPS, name, "kube-root-ca.crt");
    let objects = [
        (account, json!({ "metadata": { "name": "default" } })),
        (
            certificate,
            json!({ "metadata": { "name": "kube-root-ca.crt" }, "data": { "ca.crt": config.root_certificate } }),
        ),
    ];
    for (key, object) in objects {
        if store.get(&key).is_err() {
            store.create(&key, object, &options)?;
        }
    }
    Ok(())
}

/// Says what keeps a namespace (kubernetes/kubernetes:pkg/controller/namespace/deletion/status_condition_utils.go).
fn remaining(left: &[Key]) -> Value {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for key in left {
        *counts.entry(&key.resource).or_default() += 1;
    }
    let words: Vec<String> =
        counts.iter().map(|(resource, count)| format!("{resource}. has {count} resource instances")).collect();
    json!([{
        "type": "NamespaceContentRemaining", "status": "True", "reason": "SomeResourcesRemain", "lastTransitionTime": now(),
        "message": format!("Some resources are remaining: {}", words.join(", ")),
    }])
}
