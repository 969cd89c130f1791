//! Why a wait ended without its condition.

use std::time::Duration;

use dualproof_model::evidence::FailureKind;

use crate::trouble::Explained;

/// A condition that did not come.
#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    /// The budget ran out.
    #[error("waited {} s for {condition}; last seen: {last_status}", seconds(.limit))]
    Deadline {
        /// The condition's name.
        condition: String,
        /// The budget.
        limit: Duration,
        /// The status last seen.
        last_status: String,
    },
    /// The run was stopped.
    #[error("stopped while waiting for {condition}; last seen: {last_status}")]
    Cancelled {
        /// The condition's name.
        condition: String,
        /// The status last seen.
        last_status: String,
    },
    /// The API server refuses the look: more waiting does not help.
    #[error("not allowed to wait for {condition}: {why}")]
    Refused {
        /// The condition's name.
        condition: String,
        /// The API server's words.
        why: String,
    },
}

impl Explained for WaitError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Deadline { .. } => FailureKind::Inconclusive,
            Self::Cancelled { .. } => FailureKind::Interrupted,
            Self::Refused { .. } => FailureKind::InvalidEnvironment,
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Deadline { .. } => "look at the last status; if it only needs longer, raise the timeout".to_owned(),
            Self::Cancelled { .. } => String::new(),
            Self::Refused { .. } => "give the kubeconfig's user the right to list and watch this".to_owned(),
        }
    }
}

fn seconds(limit: &Duration) -> String {
    if limit.subsec_nanos() == 0 { limit.as_secs().to_string() } else { format!("{:.1}", limit.as_secs_f64()) }
}
