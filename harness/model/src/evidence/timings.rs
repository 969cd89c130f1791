//! `timings.json`: where the time went.

use serde::{Deserialize, Serialize};

/// The stages of a run in the order in which they began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timings {
    /// The stages.
    pub stages: Vec<StageTiming>,
}

/// One stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StageTiming {
    /// Its name.
    pub stage: String,
    /// Milliseconds from the start of the run to its begin.
    pub start_millis: u64,
    /// Milliseconds from the start of the run to its end.
    pub end_millis: u64,
    /// `ok`, or why it failed.
    pub result: String,
    /// What it waited for.
    #[serde(default)]
    pub waits: Vec<Wait>,
}

/// One wait inside a stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Wait {
    /// The condition's name.
    pub condition: String,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// The status last seen.
    pub last_status: String,
}
