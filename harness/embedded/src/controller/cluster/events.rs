//! Events for people.

use serde_json::{Value, json};

use crate::store::object::{name, namespace, now, text, uid};
use crate::store::{Key, Store, WriteOptions, resource};

/// What happened to an object.
pub(in crate::controller) struct Report<'a> {
    /// Whether it is a warning.
    pub(in crate::controller) warning: bool,
    /// In a word: `FailedScheduling`.
    pub(in crate::controller) reason: &'a str,
    /// In words.
    pub(in crate::controller) message: &'a str,
    /// Who says so.
    pub(in crate::controller) component: &'a str,
}

/// Writes an event about an object. One that cannot be written is lost, as on every cluster.
pub(in crate::controller) fn report(store: &Store, object: &Value, report: &Report<'_>) {
    let time = now();
    let place = if namespace(object).is_empty() { "default" } else { namespace(object) };
    let event = json!({
        "metadata": { "generateName": format!("{}.", name(object)) },
        "involvedObject": {
            "kind": text(object, "/kind"), "apiVersion": text(object, "/apiVersion"), "name": name(object),
            "namespace": namespace(object), "uid": uid(object),
            "resourceVersion": text(object, "/metadata/resourceVersion"),
        },
        "type": if report.warning { "Warning" } else { "Normal" },
        "reason": report.reason, "message": report.message, "count": 1, "firstTimestamp": time, "lastTimestamp": time,
        "source": { "component": report.component }, "reportingComponent": report.component, "reportingInstance": "",
    });
    drop(store.create(&Key::new(resource::EVENTS, place, ""), event, &WriteOptions::default()));
}
