//! Deployments and what they make, scales, nodes, events.

use serde_json::Value;

use super::cells::{age, containers, joined, selector};
use super::column::{Column, column, wide};
use crate::store::object::{holds, items, number, text, texts};

/// How a label tells a node's role.
const ROLE: &str = "node-role.kubernetes.io/";

pub(super) fn deployments(name: Column, age: Column) -> Vec<Column> {
    let mut columns = vec![
        name,
        column("Ready", |object| {
            format!("{}/{}", status(object, "readyReplicas"), number(object, "/spec/replicas").unwrap_or_default())
                .into()
        }),
        column("Up-to-date", |object| status(object, "updatedReplicas").into()),
        column("Available", |object| status(object, "availableReplicas").into()),
        age,
    ];
    columns.extend(template());
    columns
}

pub(super) fn replica_sets(name: Column, age: Column) -> Vec<Column> {
    let mut columns = vec![
        name,
        column("Desired", |object| number(object, "/spec/replicas").unwrap_or_default().into()),
        column("Current", |object| status(object, "replicas").into()),
        column("Ready", |object| status(object, "readyReplicas").into()),
        age,
    ];
    columns.extend(template());
    columns
}

pub(super) fn scales(name: Column, age: Column) -> Vec<Column> {
    vec![
        name,
        column("Desired", |object| number(object, "/spec/replicas").unwrap_or_default().into()),
        column("Available", |object| status(object, "replicas").into()),
        age,
    ]
}

pub(super) fn daemon_sets(name: Column, age: Column) -> Vec<Column> {
    let mut columns = vec![
        name,
        column("Desired", |object| status(object, "desiredNumberScheduled").into()),
        column("Current", |object| status(object, "currentNumberScheduled").into()),
        column("Ready", |object| status(object, "numberReady").into()),
        column("Up-to-date", |object| status(object, "updatedNumberScheduled").into()),
        column("Available", |object| status(object, "numberAvailable").into()),
        column("Node Selector", |object| selector(object, "/spec/template/spec/nodeSelector").into()),
        age,
    ];
    columns.extend(template());
    columns
}

pub(super) fn nodes(name: Column, age: Column) -> Vec<Column> {
    vec![
        name,
        column("Status", |node| {
            let ready = holds(node, "Ready");
            let unschedulable = node.pointer("/spec/unschedulable") == Some(&Value::Bool(true));
            let word = if ready { "Ready" } else { "NotReady" };
            if unschedulable { format!("{word},SchedulingDisabled").into() } else { word.into() }
        }),
        column("Roles", |node| {
            let labels = texts(node, "/metadata/labels");
            joined(labels.keys().filter_map(|key| key.strip_prefix(ROLE)).map(str::to_owned)).into()
        }),
        age,
        column("Version", |node| text(node, "/status/nodeInfo/kubeletVersion").into()),
        wide("Internal-IP", |node| {
            let is_internal = |address: &&Value| text(address, "/type") == "InternalIP";
            let first = items(node, "/status/addresses").iter().find(is_internal);
            first.map_or_else(|| "<none>".into(), |address| text(address, "/address").into())
        }),
        wide("External-IP", |_| "<none>".into()),
        wide("OS-Image", |node| text(node, "/status/nodeInfo/osImage").into()),
        wide("Kernel-Version", |node| text(node, "/status/nodeInfo/kernelVersion").into()),
        wide("Container-Runtime", |node| text(node, "/status/nodeInfo/containerRuntimeVersion").into()),
    ]
}

pub(super) fn events() -> Vec<Column> {
    vec![
        column("Last Seen", |event| age(event, "/lastTimestamp").into()),
        column("Type", |event| text(event, "/type").into()),
        column("Reason", |event| text(event, "/reason").into()),
        column("Object", |event| {
            let (kind, name) = (text(event, "/involvedObject/kind"), text(event, "/involvedObject/name"));
            format!("{}/{name}", kind.to_lowercase()).into()
        }),
        column("Message", |event| text(event, "/message").trim().into()),
        wide("Source", |event| text(event, "/source/component").into()),
        wide("Name", |event| text(event, "/metadata/name").into()),
    ]
}

fn template() -> [Column; 3] {
    [
        wide("Containers", |object| containers(object, "/name").into()),
        wide("Images", |object| containers(object, "/image").into()),
        wide("Selector", |object| selector(object, "/spec/selector/matchLabels").into()),
    ]
}

fn status(object: &Value, field: &str) -> i64 {
    number(object, &format!("/status/{field}")).unwrap_or_default()
}
