//! Warnings for people.

use serde_json::{Value, json};

use crate::store::object::{name, namespace, now, text, uid};
use crate::store::{Key, Store, WriteOptions, resource};

/// Writes a warning about a pod. One that cannot be written is lost, as on every cluster.
pub(super) fn warn(store: &Store, pod: &Value, reason: &str, message: &str) {
    let time = now();
    let event = json!({
        "metadata": { "generateName": format!("{}.", name(pod)) },
        "involvedObject": {
            "kind": "Pod", "apiVersion": "v1", "name": name(pod), "namespace": namespace(pod), "uid": uid(pod),
            "resourceVersion": text(pod, "/metadata/resourceVersion"),
        },
        "type": "Warning", "reason": reason, "message": message, "count": 1, "firstTimestamp": time, "lastTimestamp": time,
        "source": { "component": "kubelet", "host": text(pod, "/spec/nodeName") }, "reportingComponent": "kubelet", "reportingInstance": "",
    });
    drop(store.create(&Key::new(resource::EVENTS, namespace(pod), ""), event, &WriteOptions::default()));
}
