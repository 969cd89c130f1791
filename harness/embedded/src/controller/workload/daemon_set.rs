//! DaemonSets (kubernetes/kubernetes:pkg/controller/daemon).

use serde_json::{Value, json};

use super::pods::{Owned, pods_of};
use super::template::{self, hash, labelled};
use crate::controller::scheduler::fits;
use crate::store::object::{is_terminating, name, text, texts};
use crate::store::{Key, Part, Refusal, Removal, Selector, Store, WriteOptions, resource};

const HASH: &str = "controller-revision-hash";

/// Gives each node that takes it one pod of the template, one node after the other where the template changed.
pub(in crate::controller) fn daemon_set(store: &Store, key: &Key) -> Result<(), Refusal> {
    let set = store.get(key)?;
    if is_terminating(&set) {
        return Ok(());
    }
    let template_hash = hash(&set["spec"]["template"]);
    let wanted = labelled(set["spec"]["template"].clone(), &["metadata", "labels"], HASH, &template_hash);
    let nodes = store.list(resource::NODES, None, &Selector::default()).items;
    let nodes: Vec<&str> =
        nodes.iter().filter(|node| fits(&wanted["spec"], node, true).is_none()).map(|node| name(node)).collect();
    let mut pods = pods_of(store, &set);
    for node in &nodes {
        // A pod that still ends keeps its node.
        if pods.iter().any(|owned| text(&owned.pod, "/spec/nodeName") == *node) {
            continue;
        }
        let mut pod = template::pod(&set, &wanted);
        pod["spec"]["nodeName"] = (*node).into();
        let made = store.create(&Key::new(resource::PODS, &key.namespace, ""), pod, &WriteOptions::default())?;
        pods.push(Owned { key: Key::new(resource::PODS, &key.namespace, name(&made)), pod: made });
    }
    for owned in pods.iter().filter(|owned| owned.is_active()) {
        if !nodes.contains(&text(&owned.pod, "/spec/nodeName")) {
            store.remove(&owned.key, &Removal::default())?;
        }
    }
    let is_old = |owned: &&Owned| texts(&owned.pod, "/metadata/labels").get(HASH) != Some(&template_hash);
    let rolls = text(&set, "/spec/updateStrategy/type") != "OnDelete";
    let available = pods.iter().filter(|owned| owned.is_active() && owned.is_ready()).count();
    let old = pods.iter().filter(|owned| owned.is_active()).find(is_old);
    if let Some(old) = old.filter(|old| rolls && (available == nodes.len() || !old.is_ready())) {
        store.remove(&old.key, &Removal::default())?;
    }
    let active: Vec<&Owned> = pods.iter().filter(|owned| owned.is_active()).collect();
    let updated = active.iter().filter(|owned| !is_old(owned)).count();
    let status = json!({
        "desiredNumberScheduled": nodes.len(), "currentNumberScheduled": active.len(), "numberMisscheduled": 0,
        "numberReady": available, "numberAvailable": available, "numberUnavailable": nodes.len().saturating_sub(available),
        "updatedNumberScheduled": updated, "observedGeneration": set["metadata"]["generation"],
    });
    store
        .modify(key, Part::Status, &WriteOptions::default(), |before: &Value| {
            let mut set = before.clone();
            set["status"] = status;
            Ok(set)
        })
        .map(drop)
}
