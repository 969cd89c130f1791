//! Whether a node takes a pod.

use serde_json::Value;

use crate::store::object::{condition, items, text, texts};

/// Says why a node does not take a pod; `None` when it does. `daemon` pods go also to nodes that are closed or not ready.
pub(in crate::controller) fn fits(pod_spec: &Value, node: &Value, daemon: bool) -> Option<&'static str> {
    let labels = texts(node, "/metadata/labels");
    if !daemon && node.pointer("/spec/unschedulable") == Some(&Value::Bool(true)) {
        return Some("node(s) were unschedulable");
    }
    if !daemon && condition(node, "Ready").is_none_or(|ready| ready["status"] != "True") {
        return Some("node(s) were not ready");
    }
    if texts(pod_spec, "/nodeSelector").iter().any(|(key, value)| labels.get(key) != Some(value)) {
        return Some("node(s) didn't match Pod's node affinity/selector");
    }
    let tolerations = items(pod_spec, "/tolerations");
    let repels = |taint: &&Value| matches!(text(taint, "/effect"), "NoSchedule" | "NoExecute");
    let is_tolerated = |taint: &Value| tolerations.iter().any(|toleration| tolerates(toleration, taint));
    if items(node, "/spec/taints").iter().filter(repels).any(|taint| !is_tolerated(taint)) {
        return Some("node(s) had untolerated taint(s)");
    }
    None
}

fn tolerates(toleration: &Value, taint: &Value) -> bool {
    let (key, effect) = (text(toleration, "/key"), text(toleration, "/effect"));
    let any = text(toleration, "/operator") == "Exists";
    (effect.is_empty() || effect == text(taint, "/effect"))
        && ((key.is_empty() && any)
            || (key == text(taint, "/key") && (any || text(toleration, "/value") == text(taint, "/value"))))
}
