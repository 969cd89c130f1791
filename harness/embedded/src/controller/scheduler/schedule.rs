//! One pod after the other, node by node.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::fit::fits;
use super::places::Places;
use crate::controller::cluster::{Report, report};
use crate::store::object::{condition, is_terminating, items, name, namespace, now, text, uid};
use crate::store::{Change, Key, Part, Refusal, Selector, Store, What, WriteOptions, resource};

/// Who says so in events.
const COMPONENT: &str = "default-scheduler";

/// Gives pods to nodes in turn.
#[derive(Debug, Default)]
pub(in crate::controller) struct Scheduler {
    turn: usize,
    places: Places,
    waiting: BTreeSet<Key>,
}

impl Scheduler {
    /// Follows a change: it may give a place to a pod, take one back, or make a pod wait for one.
    pub(in crate::controller) fn learn(&mut self, change: &Change) {
        if change.key.resource != resource::PODS {
            return;
        }
        self.places.learn(change);
        if change.what != What::Deleted && text(&change.object, "/spec/nodeName").is_empty() {
            self.waiting.insert(change.key.clone());
        } else {
            self.waiting.remove(&change.key);
        }
    }

    /// Returns the pods that have no node yet. Kept from change to change: looked for among all pods whenever one ends, they cost a look at each
    /// for each.
    pub(in crate::controller) fn waiting(&self) -> &BTreeSet<Key> {
        &self.waiting
    }

    /// Binds a pod to the next node that takes it, or says in its status why none does. A pod with a node is left alone.
    pub(in crate::controller) fn schedule(&mut self, store: &Store, key: &Key) -> Result<(), Refusal> {
        let pod = store.get(key)?;
        if !text(&pod, "/spec/nodeName").is_empty() || is_terminating(&pod) {
            return Ok(());
        }
        let nodes = store.list(resource::NODES, None, &Selector::default()).items;
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for step in 0..nodes.len() {
            let node = &nodes[(self.turn + step) % nodes.len()];
            match fits(&pod["spec"], node, false).or_else(|| self.places.lacks_one(node)) {
                None => {
                    self.turn = (self.turn + step + 1) % nodes.len();
                    bind(store, key, name(node))?;
                    // Its own change comes only after those that wait with it.
                    self.places.take(uid(&pod), name(node));
                    return Ok(());
                }
                Some(reason) => *reasons.entry(reason).or_default() += 1,
            }
        }
        let reasons: Vec<String> = reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        let why = if nodes.is_empty() { "no nodes available to schedule pods".to_owned() } else { reasons.join(", ") };
        refuse(store, key, &format!("0/{} nodes are available: {why}.", nodes.len()))
    }
}

fn bind(store: &Store, key: &Key, node: &str) -> Result<(), Refusal> {
    let bound = store.modify(key, Part::Whole, &WriteOptions::default(), |pod| {
        let mut pod = pod.clone();
        pod["spec"]["nodeName"] = node.into();
        set_condition(&mut pod, &json!({ "type": "PodScheduled", "status": "True" }));
        Ok(pod)
    })?;
    let message = format!("Successfully assigned {}/{} to {node}", namespace(&bound), name(&bound));
    report(store, &bound, &Report { warning: false, reason: "Scheduled", message: &message, component: COMPONENT });
    Ok(())
}

fn refuse(store: &Store, key: &Key, message: &str) -> Result<(), Refusal> {
    let pod = store.get(key)?;
    if condition(&pod, "PodScheduled").is_some_and(|known| known["message"] == message) {
        return Ok(());
    }
    let refused = store.modify(key, Part::Status, &WriteOptions::default(), |pod| {
        let mut pod = pod.clone();
        let unschedulable =
            json!({ "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message });
        set_condition(&mut pod, &unschedulable);
        Ok(pod)
    })?;
    report(store, &refused, &Report { warning: true, reason: "FailedScheduling", message, component: COMPONENT });
    Ok(())
}

fn set_condition(pod: &mut Value, condition: &Value) {
    let mut condition = condition.clone();
    condition["lastTransitionTime"] = now().into();
    condition["lastProbeTime"] = Value::Null;
    let mut conditions = items(pod, "/status/conditions").to_vec();
    conditions.retain(|known| known["type"] != condition["type"]);
    conditions.push(condition);
    pod["status"]["conditions"] = conditions.into();
}
