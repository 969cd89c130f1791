//! Which pods hold a place on which node.

use std::collections::HashMap;

use serde_json::Value;

use crate::store::object::{has_ended, name, text, uid};
use crate::store::{Change, What};

/// The pods that hold places, by uid, with their nodes; and how many each node has. Kept from change to change: counted anew for each pod, a
/// thousand pods would be looked at a thousand times.
#[derive(Debug, Default)]
pub(super) struct Places {
    nodes: HashMap<String, String>,
    taken: HashMap<String, u64>,
}

impl Places {
    /// Follows a change of a pod. One that has ended holds no place.
    pub(super) fn learn(&mut self, change: &Change) {
        let pod = &*change.object;
        match text(pod, "/spec/nodeName") {
            node if change.what != What::Deleted && !has_ended(pod) && !node.is_empty() => self.take(uid(pod), node),
            _ => self.give_back(uid(pod)),
        }
    }

    /// Gives a pod a place on a node; it has one place, however often this is said.
    pub(super) fn take(&mut self, uid: &str, node: &str) {
        self.give_back(uid);
        self.nodes.insert(uid.to_owned(), node.to_owned());
        *self.taken.entry(node.to_owned()).or_default() += 1;
    }

    /// Says why a node has no place for one more pod; `None` when it has, or does not say how many it takes.
    pub(super) fn lacks_one(&self, node: &Value) -> Option<&'static str> {
        let most: u64 = text(node, "/status/allocatable/pods").parse().ok()?;
        self.taken.get(name(node)).is_some_and(|taken| *taken >= most).then_some("Too many pods")
    }

    fn give_back(&mut self, uid: &str) {
        if let Some(taken) = self.nodes.remove(uid).and_then(|node| self.taken.get_mut(&node)) {
            *taken -= 1;
        }
    }
}
