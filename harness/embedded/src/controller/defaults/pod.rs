//! Pods and templates of pods (kubernetes/kubernetes:pkg/apis/core/v1/defaults.go).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::field::{fill, immutable};
use crate::store::Cause;
use crate::store::object::{entry, items, text};

/// Fields of `spec` that may change once a pod is there; images of containers besides.
const CHANGEABLE: [&str; 5] =
    ["containers", "initContainers", "activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"];

/// Completes a pod, and lists what is wrong with it.
pub(super) fn complete(before: Option<&Value>, pod: &mut Value) -> Vec<Cause> {
    entry(pod, "spec");
    complete_spec(&mut pod["spec"], true);
    match before {
        None => {
            pod["status"] = json!({ "phase": "Pending", "qosClass": "BestEffort" });
            causes(&pod["spec"], "spec")
        }
        Some(before) => changes(&before["spec"], &pod["spec"]),
    }
}

/// Completes the spec of a pod; that of a template (`is_pod` false) names no account of its own.
pub(super) fn complete_spec(spec: &mut Value, is_pod: bool) {
    fill(spec, "restartPolicy", "Always".into());
    fill(spec, "dnsPolicy", "ClusterFirst".into());
    fill(spec, "schedulerName", "default-scheduler".into());
    fill(spec, "terminationGracePeriodSeconds", 30.into());
    fill(spec, "securityContext", json!({}));
    let account = text(spec, "/serviceAccountName").to_owned();
    if is_pod && account.is_empty() {
        spec["serviceAccountName"] = "default".into();
        spec["serviceAccount"] = "default".into();
    } else if !account.is_empty() {
        fill(spec, "serviceAccount", account.into());
    }
    if is_pod {
        fill(spec, "enableServiceLinks", true.into());
        fill(spec, "priority", 0.into());
    }
    for list in ["containers", "initContainers"] {
        let Some(Value::Array(containers)) = spec.get_mut(list) else { continue };
        for container in containers.iter_mut().filter(|container| container.is_object()) {
            complete_container(container);
        }
    }
}

fn complete_container(container: &mut Value) {
    let image = text(container, "/image").to_owned();
    let tag = image.rsplit('/').next().unwrap_or_default();
    let is_latest = !image.contains('@') && (tag.ends_with(":latest") || !tag.contains(':'));
    fill(container, "imagePullPolicy", if is_latest { "Always" } else { "IfNotPresent" }.into());
    fill(container, "resources", json!({}));
    fill(container, "terminationMessagePath", "/dev/termination-log".into());
    fill(container, "terminationMessagePolicy", "File".into());
    if let Some(Value::Array(ports)) = container.get_mut("ports") {
        ports.iter_mut().for_each(|port| fill(port, "protocol", "TCP".into()));
    }
    for probe in ["readinessProbe", "livenessProbe", "startupProbe"] {
        let Some(probe) = container.get_mut(probe).filter(|probe| probe.is_object()) else { continue };
        let numbers = [("failureThreshold", 3), ("periodSeconds", 10), ("successThreshold", 1), ("timeoutSeconds", 1)];
        for (field, value) in numbers {
            fill(probe, field, value.into());
        }
        if let Some(get) = probe.get_mut("httpGet") {
            fill(get, "path", "/".into());
            fill(get, "scheme", "HTTP".into());
        }
    }
}

/// Lists what is wrong with the spec of a pod at `place`.
pub(super) fn causes(spec: &Value, place: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    let containers = items(spec, "/containers");
    if containers.is_empty() {
        causes.push(Cause::required(&format!("{place}.containers"), ""));
    }
    let mut names = BTreeSet::new();
    for (list, containers) in [("initContainers", items(spec, "/initContainers")), ("containers", containers)] {
        for (position, container) in containers.iter().enumerate() {
            let field = |name: &str| format!("{place}.{list}[{position}].{name}");
            let name = text(container, "/name");
            if name.is_empty() {
                causes.push(Cause::required(&field("name"), ""));
            } else if !names.insert(name) {
                let message = format!("Duplicate value: \"{name}\"");
                causes.push(Cause { field: field("name"), reason: "FieldValueDuplicate", message });
            }
            if text(container, "/image").is_empty() {
                causes.push(Cause::required(&field("image"), ""));
            }
        }
    }
    causes
}

fn changes(before: &Value, spec: &Value) -> Vec<Cause> {
    let (Some(old), Some(new)) = (before.as_object(), spec.as_object()) else { return Vec::new() };
    let fields: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let may_change =
        |field: &str| CHANGEABLE.contains(&field) || (field == "nodeName" && text(before, "/nodeName").is_empty());
    let changed = fields.into_iter().filter(|field| old.get(*field) != new.get(*field) && !may_change(field));
    let why = "pod updates may not change fields other than `spec.containers[*].image`, `spec.initContainers[*].image`, \
               `spec.activeDeadlineSeconds`, `spec.tolerations` (only additions to existing tolerations), \
               `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
    let forbidden = |_: &String| Cause {
        field: "spec".to_owned(),
        reason: "FieldValueForbidden",
        message: format!("Forbidden: {why}"),
    };
    let mut causes: Vec<Cause> = changed.map(forbidden).take(1).collect();
    if items(before, "/containers").len() != items(spec, "/containers").len() {
        causes.push(immutable("spec.containers", &spec["containers"]));
    }
    causes
}
