//! The pods of an owner.

use std::sync::Arc;

use serde_json::Value;

use crate::store::object::{controller, has_ended, holds, is_terminating, uid};
use crate::store::{Key, Store, resource};

/// A pod of an owner.
#[derive(Clone, Debug)]
pub(super) struct Owned {
    pub(super) key: Key,
    pub(super) pod: Arc<Value>,
}

impl Owned {
    pub(super) fn is_ready(&self) -> bool {
        holds(&self.pod, "Ready")
    }

    pub(super) fn is_active(&self) -> bool {
        !is_terminating(&self.pod) && !has_ended(&self.pod)
    }
}

/// Lists the pods that an owner controls, those that end included.
pub(super) fn pods_of(store: &Store, owner: &Value) -> Vec<Owned> {
    let uid = uid(owner);
    let is_controlled =
        |object: &Value| controller(object).is_some_and(|owner| owner.get("uid").and_then(Value::as_str) == Some(uid));
    let owned = store.owned(uid).into_iter();
    let pods = owned.filter(|(key, object)| key.resource == resource::PODS && is_controlled(object));
    pods.map(|(key, pod)| Owned { key, pod }).collect()
}
