//! What happened, in order: a ring of changes for each resource.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::watch;

use super::Key;

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It is new.
    Added,
    /// It is another one than before.
    Modified,
    /// It is gone; the object is as it was last, with the version of its removal.
    Deleted,
}

/// One change of one object.
#[derive(Clone, Debug)]
pub struct Change {
    /// The version that it made.
    pub version: u64,
    /// What happened.
    pub what: What,
    /// The object.
    pub key: Key,
    /// The object after the change.
    pub object: Arc<Value>,
    /// The object before it; `None` for a new one.
    pub before: Option<Arc<Value>>,
}

/// The changes of one resource, the newest last.
#[derive(Debug)]
pub(super) struct History {
    changes: VecDeque<Arc<Change>>,
    capacity: usize,
    /// Changes up to this version have been dropped.
    dropped: u64,
    newest: watch::Sender<u64>,
}

impl History {
    pub(super) fn new(capacity: usize, version: u64) -> Self {
        Self { changes: VecDeque::new(), capacity, dropped: version, newest: watch::Sender::new(version) }
    }

    pub(super) fn push(&mut self, change: Arc<Change>) {
        if self.changes.len() >= self.capacity
            && let Some(old) = self.changes.pop_front()
        {
            self.dropped = old.version;
        }
        let version = change.version;
        self.changes.push_back(change);
        self.newest.send_replace(version);
    }

    /// Returns the changes after a version; the oldest known version when some of them are gone.
    pub(super) fn after(&self, version: u64) -> Result<Vec<Arc<Change>>, u64> {
        if version < self.dropped {
            return Err(self.dropped);
        }
        let start = self.changes.partition_point(|change| change.version <= version);
        Ok(self.changes.range(start..).cloned().collect())
    }

    pub(super) fn listen(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }
}
