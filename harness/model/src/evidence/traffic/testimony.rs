//! One call of the matrix, in the words of the prober that made it.

use dualproof_wire::{Ask, Attempt, Report};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::evidence::{CallStage, PodRef};

/// One call of the matrix: one line of `testimony.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Testimony {
    /// The id of the cell (`matrix::CallCell::id`).
    pub cell: String,
    /// Before or after the mesh.
    pub stage: CallStage,
    /// The client's pod; none for the client outside the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<PodRef>,
    /// When the prober was started, by the harness's clock, which need not be the proxies'.
    pub from: Timestamp,
    /// When it had ended, by the same clock.
    pub until: Timestamp,
    /// What it was asked.
    pub ask: Ask,
    /// What it told.
    pub told: Told,
}

/// What became of a call's report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    /// The report.
    Report(Report),
    /// There is none, and why: the prober was killed before it wrote it, the exec failed, the line was cut.
    Lost(String),
}

impl Testimony {
    /// Returns the report; `None` when it is lost.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        match &self.told {
            Told::Report(report) => Some(report),
            Told::Lost(_) => None,
        }
    }

    /// Returns the try that decided how the call ended; `None` when nothing was tried, or the report is lost.
    #[must_use]
    pub fn attempt(&self) -> Option<&Attempt> {
        self.report()?.attempts.last()
    }
}
