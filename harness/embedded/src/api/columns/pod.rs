//! Pods (kubernetes/kubernetes:pkg/printers/internalversion/printers.go `printPod`).

use serde_json::Value;

use super::table::{Column, column, wide};
use crate::store::object::{is_terminating, items, number, text};

pub(super) fn columns(name: Column, age: Column) -> Vec<Column> {
    vec![
        name,
        column("Ready", |pod| {
            let ready = statuses(pod).iter().filter(|status| status["ready"] == Value::Bool(true)).count();
            format!("{ready}/{}", items(pod, "/spec/containers").len()).into()
        }),
        column("Status", |pod| status(pod).into()),
        column("Restarts", |pod| {
            let restarts: i64 = statuses(pod).iter().filter_map(|status| number(status, "/restartCount")).sum();
            restarts.to_string().into()
        }),
        age,
        wide("IP", |pod| named(text(pod, "/status/podIP"))),
        wide("Node", |pod| named(text(pod, "/spec/nodeName"))),
        wide("Nominated Node", |pod| named(text(pod, "/status/nominatedNodeName"))),
        wide("Readiness Gates", |_| named("")),
    ]
}

fn named(text: &str) -> Value {
    if text.is_empty() { "<none>".into() } else { text.into() }
}

fn statuses(pod: &Value) -> &[Value] {
    items(pod, "/status/containerStatuses")
}

/// The one word that tells most: why it waits, how it ended, or its phase.
fn status(pod: &Value) -> String {
    let own = text(pod, "/status/reason");
    let mut word = if own.is_empty() { text(pod, "/status/phase") } else { own };
    for status in statuses(pod).iter().rev() {
        let waiting = text(status, "/state/waiting/reason");
        let ended = text(status, "/state/terminated/reason");
        if !waiting.is_empty() {
            word = waiting;
        } else if !ended.is_empty() {
            word = ended;
        }
    }
    if is_terminating(pod) { "Terminating".to_owned() } else { word.to_owned() }
}
