//! Which lists of the built-in kinds are maps or sets of their items.
//!
//! The keys are those of `x-kubernetes-list-map-keys` and `x-kubernetes-patch-merge-key` in the OpenAPI document of Kubernetes
//! (kubernetes/kubernetes:api/openapi-spec/swagger.json).

use serde_json::Value;

/// How a list is merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListType {
    /// As one value.
    Atomic,
    /// By its values.
    Set,
    /// By these fields of its items.
    Map(&'static [&'static str]),
}

/// Says how the list in the field `field` of an object in the field `parent` is merged.
pub(super) fn list_type(parent: &str, field: &str) -> ListType {
    match (parent, field) {
        (_, "finalizers") => ListType::Set,
        (
            _,
            "containers"
            | "initContainers"
            | "ephemeralContainers"
            | "volumes"
            | "env"
            | "imagePullSecrets"
            | "secrets"
            | "webhooks"
            | "schedulingGates"
            | "resourceClaims"
            | "claims",
        ) => ListType::Map(&["name"]),
        (_, "volumeMounts") => ListType::Map(&["mountPath"]),
        (_, "volumeDevices") => ListType::Map(&["devicePath"]),
        ("containers" | "initContainers" | "ephemeralContainers", "ports") => {
            ListType::Map(&["containerPort", "protocol"])
        }
        ("spec", "ports") => ListType::Map(&["port", "protocol"]),
        (_, "conditions") => ListType::Map(&["type"]),
        ("metadata", "ownerReferences") => ListType::Map(&["uid"]),
        (_, "podIPs" | "hostIPs" | "hostAliases") => ListType::Map(&["ip"]),
        ("status", "addresses") => ListType::Map(&["type"]),
        (_, "topologySpreadConstraints") => ListType::Map(&["topologyKey", "whenUnsatisfiable"]),
        _ => ListType::Atomic,
    }
}

/// Returns the keys of an item: `[("containerPort", 80), ("protocol", "TCP")]`. A protocol that is not there is TCP.
pub(super) fn item_key(keys: &[&'static str], item: &Value) -> Vec<(&'static str, Value)> {
    let value = |key: &str| match item.get(key) {
        Some(value) => value.clone(),
        None if key == "protocol" => "TCP".into(),
        None => Value::Null,
    };
    keys.iter().map(|key| (*key, value(key))).collect()
}
