//! The fields of a Service that families are about.

use serde_json::{Value, json};

use crate::store::object::{entry, items, set, text};

/// What a headless Service has for an address.
pub(super) const NONE: &str = "None";

/// Reads and writes a Service.
pub(super) struct Fields<'a>(pub(super) &'a mut Value);

/// Reads a Service.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a>(pub(super) &'a Value);

impl Seen<'_> {
    pub(super) fn kind(&self) -> &str {
        let kind = text(self.0, "/spec/type");
        if kind.is_empty() { "ClusterIP" } else { kind }
    }

    pub(super) fn is_external(&self) -> bool {
        self.kind() == "ExternalName"
    }

    pub(super) fn needs_node_ports(&self) -> bool {
        matches!(self.kind(), "NodePort" | "LoadBalancer")
    }

    pub(super) fn policy(&self) -> Option<&str> {
        self.0.pointer("/spec/ipFamilyPolicy").and_then(Value::as_str)
    }

    pub(super) fn families(&self) -> Vec<String> {
        words(self.0, "/spec/ipFamilies")
    }

    pub(super) fn cluster_ip(&self) -> &str {
        text(self.0, "/spec/clusterIP")
    }

    pub(super) fn cluster_ips(&self) -> Vec<String> {
        words(self.0, "/spec/clusterIPs")
    }

    pub(super) fn is_headless(&self) -> bool {
        self.cluster_ip() == NONE
    }

    pub(super) fn has_selector(&self) -> bool {
        self.0.pointer("/spec/selector").and_then(Value::as_object).is_some_and(|selector| !selector.is_empty())
    }

    pub(super) fn ports(&self) -> &[Value] {
        items(self.0, "/spec/ports")
    }
}

impl Fields<'_> {
    pub(super) fn seen(&self) -> Seen<'_> {
        Seen(self.0)
    }

    /// Writes a field of `spec`; `null` removes it.
    pub(super) fn set(&mut self, field: &str, value: Value) {
        set(entry(self.0, "spec"), field, value);
    }

    pub(super) fn set_families(&mut self, families: &[String]) {
        self.set("ipFamilies", if families.is_empty() { Value::Null } else { json!(families) });
    }

    /// Writes `clusterIPs`, and `clusterIP` with the first of them.
    pub(super) fn set_cluster_ips(&mut self, addresses: &[String]) {
        self.set("clusterIPs", if addresses.is_empty() { Value::Null } else { json!(addresses) });
        self.set("clusterIP", addresses.first().map_or(Value::Null, |first| first.clone().into()));
    }
}

fn words(object: &Value, pointer: &str) -> Vec<String> {
    items(object, pointer).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}
