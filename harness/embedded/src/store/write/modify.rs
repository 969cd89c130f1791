//! Objects that are there already.

use std::sync::Arc;

use serde_json::Value;

use super::super::object::{self, is_terminating, items, number, set_metadata, text};
use super::super::table::not_found;
use super::super::{Cause, Key, Kind, Refusal, State, Store};
use super::create::identify;
use super::{Part, WriteOptions};

/// Metadata that only the server writes.
const KEPT: [&str; 6] =
    ["uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"];

impl Store {
    /// Replaces an object (or, as `part` says, only its status) by what `change` makes of it, in one step: nobody else writes meanwhile.
    /// Returns it as stored. What comes out the same is not written.
    ///
    /// A `resourceVersion` in what `change` returns must be the stored one. An object that is being deleted and has no finalizer left is
    /// removed.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Conflict`], the refusals of admission, and those of `change` itself.
    pub fn modify(
        &self,
        key: &Key,
        part: Part,
        options: &WriteOptions,
        change: impl FnOnce(&Value) -> Result<Value, Refusal>,
    ) -> Result<Arc<Value>, Refusal> {
        let mut state = self.lock();
        let before = state.get(key).ok_or_else(|| not_found(key))?;
        let kind = state.kinds.get(&key.resource).cloned().ok_or(Refusal::NoSuchResource)?;
        let object = change(&before)?;
        self.replace_locked(&mut state, &kind, key, part, (before, object), options)
    }

    /// As [`Store::modify`], but makes the object where there is none: `change` gets `None` then. The flag tells whether it is new.
    ///
    /// # Errors
    /// As [`Store::modify`] and [`Store::create`].
    pub fn put(
        &self,
        key: &Key,
        options: &WriteOptions,
        change: impl FnOnce(Option<&Value>) -> Result<Value, Refusal>,
    ) -> Result<(Arc<Value>, bool), Refusal> {
        let mut state = self.lock();
        let kind = state.kinds.get(&key.resource).cloned().ok_or(Refusal::NoSuchResource)?;
        match state.get(key) {
            Some(before) => {
                let object = change(Some(&before))?;
                let stored = self.replace_locked(&mut state, &kind, key, Part::Main, (before, object), options)?;
                Ok((stored, false))
            }
            None => {
                let object = change(None)?;
                Ok((self.create_locked(&mut state, &kind, key, object, options)?, true))
            }
        }
    }

    fn replace_locked(
        &self,
        state: &mut State,
        kind: &Kind,
        key: &Key,
        part: Part,
        (before, mut object): (Arc<Value>, Value),
        options: &WriteOptions,
    ) -> Result<Arc<Value>, Refusal> {
        identify(kind, &mut object);
        agree(kind, key, &before, &object)?;
        if part == Part::Status {
            let status = object.get("status").cloned().unwrap_or_default();
            let managed = object.pointer("/metadata/managedFields").cloned().unwrap_or_default();
            object = (*before).clone();
            set_metadata(&mut object, "managedFields", managed);
            put_status(&mut object, status);
        } else if part == Part::Main && kind.has_status {
            put_status(&mut object, before.get("status").cloned().unwrap_or_default());
        }
        for field in KEPT {
            let kept = before.pointer(&format!("/metadata/{field}")).cloned().unwrap_or_default();
            set_metadata(&mut object, field, kept);
        }
        set_metadata(&mut object, "name", key.name.clone().into());
        set_metadata(&mut object, "namespace", before.pointer("/metadata/namespace").cloned().unwrap_or_default());
        set_metadata(
            &mut object,
            "resourceVersion",
            before.pointer("/metadata/resourceVersion").cloned().unwrap_or_default(),
        );
        if part != Part::Status {
            for rule in &self.inner.admission {
                rule.admit(state, kind, Some(&before), &mut object)?;
            }
        }
        if same(&before, &object) {
            return Ok(before);
        }
        if kind.has_generation() && differs_in_main(&before, &object) {
            let generation = number(&before, "/metadata/generation").unwrap_or_default() + 1;
            set_metadata(&mut object, "generation", generation.into());
        }
        if options.dry_run {
            return Ok(Arc::new(object));
        }
        if is_terminating(&object) && may_go(&object) {
            return state.take(key).ok_or_else(|| not_found(key));
        }
        Ok(state.put(key, object))
    }
}

/// Tells whether nothing holds an object that is being deleted: finalizers, for a namespace its own, for a pod its kubelet.
pub(super) fn may_go(object: &Value) -> bool {
    items(object, "/metadata/finalizers").is_empty()
        && items(object, "/spec/finalizers").is_empty()
        && number(object, "/metadata/deletionGracePeriodSeconds").unwrap_or_default() == 0
}

fn agree(kind: &Kind, key: &Key, before: &Value, object: &Value) -> Result<(), Refusal> {
    let conflict =
        |why: &str| Refusal::Conflict { resource: key.resource.clone(), name: key.name.clone(), why: why.to_owned() };
    let version = text(object, "/metadata/resourceVersion");
    if !version.is_empty() && version != text(before, "/metadata/resourceVersion") {
        return Err(conflict(
            "the object has been modified; please apply your changes to the latest version and try again",
        ));
    }
    let (wanted, stored) = (object::uid(object), object::uid(before));
    if !wanted.is_empty() && wanted != stored {
        return Err(conflict(&format!(
            "Precondition failed: UID in precondition: {wanted}, UID in object meta: {stored}"
        )));
    }
    for (field, place) in [("/metadata/name", &key.name), ("/metadata/namespace", &key.namespace)] {
        let given = text(object, field);
        if !given.is_empty() && given != place {
            let field = field[1..].replace('/', ".");
            let cause = Cause::invalid(&field, &given.into(), "field is immutable");
            return Err(Refusal::Invalid { kind: kind.kind.clone(), name: key.name.clone(), causes: vec![cause] });
        }
    }
    Ok(())
}

fn put_status(object: &mut Value, status: Value) {
    if let Value::Object(map) = object {
        if status.is_null() {
            map.remove("status");
        } else {
            map.insert("status".to_owned(), status);
        }
    }
}

/// Compares all but the times in `managedFields`, which an apply that changes nothing would move.
fn same(before: &Value, object: &Value) -> bool {
    let managed = |before: &Value, object: &Value| match (before, object) {
        (Value::Array(before), Value::Array(object)) => {
            let mut pairs = before.iter().zip(object);
            before.len() == object.len() && pairs.all(|(one, other)| same_but(one, other, "time", |_, _| true))
        }
        _ => before == object,
    };
    same_but(before, object, "metadata", |before, object| same_but(before, object, "managedFields", managed))
}

/// Compares two mappings, one field of them in a way of its own.
fn same_but(before: &Value, object: &Value, field: &str, compare: impl Fn(&Value, &Value) -> bool) -> bool {
    let (Value::Object(one), Value::Object(other)) = (before, object) else { return before == object };
    one.len() == other.len()
        && one.iter().all(|(key, value)| {
            other.get(key).is_some_and(|other| if key == field { compare(value, other) } else { value == other })
        })
}

fn differs_in_main(before: &Value, object: &Value) -> bool {
    let (Value::Object(before), Value::Object(object)) = (before, object) else { return true };
    let is_main = |key: &&String| !matches!(key.as_str(), "metadata" | "status");
    let keys = before.keys().chain(object.keys()).filter(is_main);
    keys.into_iter().any(|key| before.get(key) != object.get(key))
}
