//! What becomes of a pod in the store.

use std::sync::Arc;

use serde_json::Value;
use tokio::time::{Duration, Instant};

use crate::store::object::{is_terminating, number};

/// The newest that is known of a pod.
#[derive(Clone, Debug)]
pub(in crate::node) struct News {
    /// The object.
    pub(in crate::node) pod: Arc<Value>,
    /// Whether it is there no more.
    pub(in crate::node) is_gone: bool,
}

impl News {
    /// Until when the pod must have ended; `None` where it need not end.
    pub(in crate::node) fn end(&self) -> Option<Instant> {
        if self.is_gone {
            return Some(Instant::now());
        }
        let grace = number(&self.pod, "/metadata/deletionGracePeriodSeconds").unwrap_or_default();
        let grace = Duration::from_secs(u64::try_from(grace).unwrap_or_default());
        is_terminating(&self.pod).then(|| Instant::now() + grace)
    }
}
