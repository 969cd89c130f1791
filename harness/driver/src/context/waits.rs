//! The record of every wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dualproof_model::evidence::Wait;

/// A shared list of the waits that have ended. Clones write to the same list.
#[derive(Clone, Debug, Default)]
pub struct WaitLog(Arc<Mutex<Vec<Wait>>>);

impl WaitLog {
    /// Adds a wait that has ended.
    pub fn record(&self, wait: Wait) {
        self.list().push(wait);
    }

    /// Takes the waits recorded since the last call, in the order in which they ended.
    #[must_use]
    pub fn drain(&self) -> Vec<Wait> {
        std::mem::take(&mut *self.list())
    }

    fn list(&self) -> MutexGuard<'_, Vec<Wait>> {
        // A panic elsewhere leaves the list whole: a push is one step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
