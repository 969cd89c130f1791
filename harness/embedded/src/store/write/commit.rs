//! The moment of writing.

use std::sync::Arc;

use serde_json::Value;

use super::super::history::History;
use super::super::object::{items, set_metadata, uid};
use super::super::{Change, Key, State, What};

impl State {
    /// Stores an object under the next version, and tells everybody.
    pub(super) fn put(&mut self, key: &Key, mut object: Value) -> Arc<Value> {
        self.version += 1;
        set_metadata(&mut object, "resourceVersion", self.version.to_string().into());
        let object = Arc::new(object);
        let names = self.objects.entry(key.resource.clone()).or_default().entry(key.namespace.clone()).or_default();
        let before = names.insert(key.name.clone(), object.clone());
        if let Some(before) = &before {
            self.disown(key, before);
        }
        for owner in owners(&object) {
            self.owned.entry(owner).or_default().insert(key.clone());
        }
        let what = if before.is_some() { What::Modified } else { What::Added };
        self.tell(Change { version: self.version, what, key: key.clone(), object: object.clone(), before });
        object
    }

    /// Takes an object away, and tells everybody. Returns it as it was last.
    pub(super) fn take(&mut self, key: &Key) -> Option<Arc<Value>> {
        let spaces = self.objects.get_mut(&key.resource)?;
        let names = spaces.get_mut(&key.namespace)?;
        let before = names.remove(&key.name)?;
        if names.is_empty() {
            spaces.remove(&key.namespace);
        }
        self.disown(key, &before);
        self.version += 1;
        let mut last = (*before).clone();
        set_metadata(&mut last, "resourceVersion", self.version.to_string().into());
        let last = Arc::new(last);
        let change = Change {
            version: self.version,
            what: What::Deleted,
            key: key.clone(),
            object: last.clone(),
            before: Some(before),
        };
        self.tell(change);
        Some(last)
    }

    fn disown(&mut self, key: &Key, object: &Value) {
        for owner in owners(object) {
            if let Some(keys) = self.owned.get_mut(&owner) {
                keys.remove(key);
                if keys.is_empty() {
                    self.owned.remove(&owner);
                }
            }
        }
    }

    fn tell(&mut self, change: Change) {
        let change = Arc::new(change);
        self.followers.retain(|follower| follower.send(change.clone()).is_ok());
        let capacity = self.capacity;
        let history = self.histories.entry(change.key.resource.clone());
        history.or_insert_with(|| History::new(capacity, change.version - 1)).push(change);
    }
}

fn owners(object: &Value) -> Vec<String> {
    items(object, "/metadata/ownerReferences").iter().map(|owner| uid_of(owner).to_owned()).collect()
}

fn uid_of(owner: &Value) -> &str {
    owner.get("uid").and_then(Value::as_str).unwrap_or_else(|| uid(owner))
}
