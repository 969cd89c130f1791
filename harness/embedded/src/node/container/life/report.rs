//! What a container tells its pod.

use crate::store::object::now;

/// What happened to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::node) struct Report {
    /// The container's number in its pod: init containers first.
    pub(in crate::node) number: usize,
    /// What happened.
    pub(in crate::node) what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::node) enum What {
    /// It waits; with a reason and words.
    Waiting(&'static str, String),
    /// It runs; with the time.
    Running(String),
    /// It has started, as its startup probe says.
    Started,
    /// Whether it is ready.
    Ready(bool),
    /// A probe fails; in words.
    Unhealthy(String),
    /// It has ended.
    Ended(Exit),
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::node) struct Exit {
    /// Its exit code; 128 and the signal where one ended it.
    pub(in crate::node) code: i32,
    /// In a word: `Completed`, `Error`, `StartError`.
    pub(in crate::node) reason: &'static str,
    /// In words; may be empty.
    pub(in crate::node) message: String,
    /// When it began.
    pub(in crate::node) started: String,
    /// When it ended.
    pub(in crate::node) finished: String,
}

impl Exit {
    /// A program that ended now.
    pub(super) fn of(code: i32, started: String) -> Self {
        let reason = if code == 0 { "Completed" } else { "Error" };
        Self { code, reason, message: String::new(), started, finished: now() }
    }

    /// A program that did not start.
    pub(super) fn never(message: String) -> Self {
        let (started, finished) = (now(), now());
        // As containerd says it (containerd/containerd:internal/cri/server/container_start.go).
        Self { code: 128, reason: "StartError", message, started, finished }
    }
}
