//! What is done to an object before it is stored.

use std::fmt::Debug;

use serde_json::Value;

use super::{Kind, Refusal, State};

/// A rule that completes or refuses objects before they are stored: defaults, allocation, validation.
pub trait Admission: Debug + Send + Sync {
    /// Completes `object`, or refuses it. `before` is what is stored now: `None` for a new object. Called with the store locked, for
    /// dry runs as well: it must change nothing but `object`, and must not call the store.
    ///
    /// # Errors
    /// Why the object cannot be stored.
    fn admit(&self, state: &State, kind: &Kind, before: Option<&Value>, object: &mut Value) -> Result<(), Refusal>;
}
