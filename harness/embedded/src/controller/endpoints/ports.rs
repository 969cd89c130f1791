//! Ports of a pod that a Service means.

use serde_json::{Value, json};

use crate::store::object::{items, number, text};

/// Resolves the ports of a Service for a pod. A port whose name the pod does not have is left out.
pub(super) fn ports_of(service: &Value, pod: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    for port in items(service, "/spec/ports") {
        let Some(target) = target(port, pod) else { continue };
        let mut resolved = json!({ "name": text(port, "/name"), "port": target, "protocol": text(port, "/protocol") });
        if let Some(protocol) = port.get("appProtocol").filter(|protocol| !protocol.is_null()) {
            resolved["appProtocol"] = protocol.clone();
        }
        found.push(resolved);
    }
    found
}

fn target(port: &Value, pod: &Value) -> Option<i64> {
    let name = match port.get("targetPort") {
        Some(Value::String(name)) => name,
        Some(target) => return target.as_i64(),
        None => return number(port, "/port"),
    };
    let containers = items(pod, "/spec/containers").iter().chain(items(pod, "/spec/initContainers"));
    let ports = containers.flat_map(|container| items(container, "/ports"));
    let protocol = text(port, "/protocol");
    let is_meant = |known: &&Value| text(known, "/name") == name && text(known, "/protocol") == protocol;
    ports.into_iter().find(is_meant).and_then(|known| number(known, "/containerPort"))
}
