//! Removing objects.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::object::{self, has_ended, is_terminating, number, set_metadata, text};
use super::super::table::not_found;
use super::super::{Key, Refusal, Store, resource};
use super::modify::may_go;
use super::{Propagation, Removal};

/// What a pod gets that says nothing of its own (kubernetes/kubernetes:pkg/apis/core/v1/defaults.go).
const POD_GRACE: i64 = 30;

/// The finalizers by which the garbage collector does its part first
/// (kubernetes/kubernetes:staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go).
const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

impl Store {
    /// Removes an object, or marks it as being deleted where something must happen first: finalizers, a namespace's content, a pod's
    /// containers on its node. Returns it as it was last; the flag tells whether it is gone.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Conflict`] when it is not the one that the preconditions name.
    pub fn remove(&self, key: &Key, removal: &Removal) -> Result<(Arc<Value>, bool), Refusal> {
        let mut state = self.lock();
        let before = state.get(key).ok_or_else(|| not_found(key))?;
        check(key, &before, removal)?;
        let mut object = (*before).clone();
        let grace = grace(key, &before, removal);
        if is_terminating(&object) {
            let left = number(&object, "/metadata/deletionGracePeriodSeconds").unwrap_or_default();
            set_metadata(&mut object, "deletionGracePeriodSeconds", grace.min(left).into());
        } else {
            set_metadata(&mut object, "deletionTimestamp", stamp(grace).into());
            set_metadata(&mut object, "deletionGracePeriodSeconds", grace.into());
        }
        finalize(&mut object, removal.propagation);
        if key.resource == resource::NAMESPACES {
            object["status"]["phase"] = json!("Terminating");
        }
        let gone = may_go(&object);
        if removal.dry_run {
            return Ok((Arc::new(object), gone));
        }
        if gone {
            let last = state.take(key).ok_or_else(|| not_found(key))?;
            return Ok((last, true));
        }
        if object == *before {
            return Ok((before, false));
        }
        Ok((state.put(key, object), false))
    }
}

fn check(key: &Key, before: &Value, removal: &Removal) -> Result<(), Refusal> {
    let conflict = |what: &str, wanted: &str, stored: &str| Refusal::Conflict {
        resource: key.resource.clone(),
        name: key.name.clone(),
        why: format!("Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {stored}"),
    };
    let (uid, version) = (object::uid(before), text(before, "/metadata/resourceVersion"));
    match (&removal.uid, &removal.version) {
        (Some(wanted), _) if wanted != uid => Err(conflict("UID", wanted, uid)),
        (_, Some(wanted)) if wanted != version => Err(conflict("ResourceVersion", wanted, version)),
        _ => Ok(()),
    }
}

/// A pod that no node runs, or that has ended, has nothing to wait for.
fn grace(key: &Key, before: &Value, removal: &Removal) -> i64 {
    if key.resource != resource::PODS || text(before, "/spec/nodeName").is_empty() || has_ended(before) {
        return 0;
    }
    let own = number(before, "/spec/terminationGracePeriodSeconds").unwrap_or(POD_GRACE);
    removal.grace.unwrap_or(own).max(0)
}

fn stamp(grace: i64) -> String {
    let now = jiff::Timestamp::now().as_second();
    jiff::Timestamp::from_second(now.saturating_add(grace)).map_or_else(|_| object::now(), |stamp| stamp.to_string())
}

fn finalize(object: &mut Value, propagation: Propagation) {
    let word = match propagation {
        Propagation::Background => return,
        Propagation::Foreground => FOREGROUND,
        Propagation::Orphan => ORPHAN,
    };
    let mut finalizers = object::items(object, "/metadata/finalizers").to_vec();
    if !finalizers.iter().any(|known| known == word) {
        finalizers.push(word.into());
    }
    set_metadata(object, "finalizers", finalizers.into());
}
