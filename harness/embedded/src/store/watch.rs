//! Following the changes of one resource.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::watch;

use super::{Change, Refusal, Selector, Store, What};

/// A watch: changes of one resource in order, without gaps.
#[derive(Debug)]
pub struct Watch {
    pub(super) store: Store,
    pub(super) resource: String,
    pub(super) namespace: Option<String>,
    pub(super) selector: Selector,
    pub(super) seen: u64,
    pub(super) news: watch::Receiver<u64>,
    pub(super) ready: VecDeque<Event>,
}

/// One event of a watch, as the watcher's selector sees it.
#[derive(Clone, Debug)]
pub struct Event {
    /// What happened, seen through the selector: an object that no longer matches is deleted.
    pub what: What,
    /// The object.
    pub object: Arc<Value>,
}

impl Watch {
    /// Waits for the next event. It can be dropped and called again without loss.
    ///
    /// # Errors
    /// [`Refusal::Expired`] when this watch was slower than the history is long: list again.
    pub async fn next(&mut self) -> Result<Event, Refusal> {
        loop {
            if let Some(event) = self.next_ready()? {
                return Ok(event);
            }
            if self.news.changed().await.is_err() {
                // The store holds the sender, and this watch holds the store.
                return Err(Refusal::Internal("the store is gone".to_owned()));
            }
        }
    }

    /// Returns the next event that is there already; `None` when there is none yet.
    ///
    /// # Errors
    /// As [`Watch::next`].
    pub fn next_ready(&mut self) -> Result<Option<Event>, Refusal> {
        if self.ready.is_empty() {
            self.news.borrow_and_update();
            let (changes, newest) = self.store.changes_after(&self.resource, self.seen)?;
            self.seen = newest;
            let events: Vec<Event> = changes.iter().filter_map(|change| self.seen_as(change)).collect();
            self.ready.extend(events);
        }
        Ok(self.ready.pop_front())
    }

    /// Returns the version up to which everything has been told, once [`Watch::next_ready`] has said that there is no more.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.seen
    }

    fn seen_as(&self, change: &Change) -> Option<Event> {
        if self.namespace.as_ref().is_some_and(|namespace| *namespace != change.key.namespace) {
            return None;
        }
        let is = change.what != What::Deleted && self.selector.matches(&change.object);
        let was = change.before.as_ref().is_some_and(|before| self.selector.matches(before));
        let what = match (was, is) {
            (false, false) => return None,
            (false, true) => What::Added,
            (true, true) => What::Modified,
            (true, false) => What::Deleted,
        };
        Some(Event { what, object: change.object.clone() })
    }
}
