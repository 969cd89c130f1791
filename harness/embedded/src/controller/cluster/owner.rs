//! Owners: garbage collection
//! (kubernetes/kubernetes:pkg/controller/garbagecollector).

use serde_json::{Value, json};

use crate::store::object::{is_terminating, items, set_metadata, text};
use crate::store::{Key, Part, Propagation, Refusal, Removal, Store, WriteOptions};

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// Refers to an object as the controller that owns another.
pub(in crate::controller) fn owner_reference(owner: &Value) -> Value {
    json!({
        "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true,
    })
}

/// Returns the key of an owner out of the reference to it. Resources are named after kinds here, which holds for all kinds that own others.
pub(in crate::controller) fn owner_key(dependent: &Key, reference: &Value) -> Key {
    let plural = format!("{}s", text(reference, "/kind").to_lowercase());
    let resource = match text(reference, "/apiVersion").split_once('/') {
        Some((group, _)) => format!("{plural}.{group}"),
        None => plural,
    };
    Key::new(&resource, &dependent.namespace, text(reference, "/name"))
}

/// Removes what an object owned that is gone.
pub(in crate::controller) fn orphans(store: &Store, uid: &str) -> Result<(), Refusal> {
    for (key, object) in store.owned(uid) {
        let others: Vec<Value> = items(&object, "/metadata/ownerReferences")
            .iter()
            .filter(|owner| text(owner, "/uid") != uid)
            .cloned()
            .collect();
        if others.iter().any(|owner| lives(store, &key, owner)) {
            set_owners(store, &key, others)?;
        } else {
            gone(store.remove(&key, &Removal::default()))?;
        }
    }
    Ok(())
}

/// Removes an object whose owners were gone before it came.
pub(in crate::controller) fn owners(store: &Store, key: &Key) -> Result<(), Refusal> {
    let object = store.get(key)?;
    let owners = items(&object, "/metadata/ownerReferences");
    if owners.is_empty() || owners.iter().any(|owner| lives(store, key, owner)) {
        return Ok(());
    }
    gone(store.remove(key, &Removal::default()))
}

/// Does what a finalizer of the garbage collector asks for, and takes it away when it is done.
pub(in crate::controller) fn dependents(store: &Store, key: &Key) -> Result<(), Refusal> {
    let object = store.get(key)?;
    let has = |word: &str| items(&object, "/metadata/finalizers").iter().any(|known| known == word);
    if !is_terminating(&object) {
        return Ok(());
    }
    let uid = text(&object, "/metadata/uid");
    if has(ORPHAN) {
        for (dependent, object) in store.owned(uid) {
            let owners = items(&object, "/metadata/ownerReferences").iter();
            let others = owners.filter(|owner| text(owner, "/uid") != uid).cloned().collect();
            set_owners(store, &dependent, others)?;
        }
        return finish(store, key, ORPHAN);
    }
    if !has(FOREGROUND) {
        return Ok(());
    }
    for (dependent, object) in store.owned(uid) {
        if !is_terminating(&object) {
            let removal = Removal { propagation: Propagation::Foreground, ..Removal::default() };
            gone(store.remove(&dependent, &removal))?;
        }
    }
    if store.owned(uid).is_empty() { finish(store, key, FOREGROUND) } else { Ok(()) }
}

fn lives(store: &Store, dependent: &Key, reference: &Value) -> bool {
    let key = owner_key(dependent, reference);
    let Some(kind) = store.kind(&key.resource) else {
        // An owner of a kind that nobody knows is left to whoever made it.
        return true;
    };
    let key = if kind.namespaced { key } else { Key { namespace: String::new(), ..key } };
    store.get(&key).is_ok_and(|owner| owner["metadata"]["uid"] == reference["uid"])
}

fn set_owners(store: &Store, key: &Key, owners: Vec<Value>) -> Result<(), Refusal> {
    let change = |object: &Value| {
        let mut object = object.clone();
        let owners = if owners.is_empty() { Value::Null } else { Value::Array(owners) };
        set_metadata(&mut object, "ownerReferences", owners);
        Ok(object)
    };
    store.modify(key, Part::Main, &WriteOptions::default(), change).map(drop)
}

fn finish(store: &Store, key: &Key, finalizer: &str) -> Result<(), Refusal> {
    let change = |object: &Value| {
        let mut object = object.clone();
        let left: Vec<Value> =
            items(&object, "/metadata/finalizers").iter().filter(|known| *known != finalizer).cloned().collect();
        set_metadata(&mut object, "finalizers", if left.is_empty() { Value::Null } else { left.into() });
        Ok(object)
    };
    store.modify(key, Part::Main, &WriteOptions::default(), change).map(drop)
}

fn gone<T>(removed: Result<T, Refusal>) -> Result<(), Refusal> {
    match removed {
        Ok(_) | Err(Refusal::NotFound { .. }) => Ok(()),
        Err(refusal) => Err(refusal),
    }
}
