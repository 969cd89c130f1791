//! `report.yaml`, the file of record, in the spirit of Gateway API's ConformanceReport.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::evidence::{Failure, Missing, StageTiming, Tool, Versions};
use crate::plan::Cell;
use crate::spec::Profile;
use crate::verdict::{Finding, Layer, Ledger, Verdict};

/// The version of the report's schema.
pub const REPORT_API_VERSION: &str = "dualproof.dev/v1";

/// What a run came to as a whole. The runner turns it into an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// Every trial is good, and every claimed family was exercised.
    Conforms,
    /// At least one trial is red, or a claimed family was never exercised at a layer.
    DoesNotConform,
    /// The cluster itself is not dual-stack.
    InvalidEnvironment,
    /// Evidence was lost.
    Inconclusive,
    /// Nothing was exercised at all.
    Vacuous,
    /// The user stopped the run.
    Interrupted,
    /// What the user gave is wrong.
    BadInput,
}

impl fmt::Display for Conclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Conforms => "conforms",
            Self::DoesNotConform => "does not conform",
            Self::InvalidEnvironment => "invalid environment",
            Self::Inconclusive => "inconclusive",
            Self::Vacuous => "nothing was exercised",
            Self::Interrupted => "interrupted",
            Self::BadInput => "bad input",
        })
    }
}

/// The report of one cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Always [`REPORT_API_VERSION`].
    pub api_version: String,
    /// Always `ConformanceReport`.
    pub kind: String,
    /// The program that judged.
    pub tool: Tool,
    /// The run's id.
    pub run: String,
    /// When the run began, RFC 3339.
    pub date: String,
    /// What was tested.
    pub implementation: Implementation,
    /// The cell, by its name.
    pub cell_name: String,
    /// The cell.
    pub cell: Cell,
    /// Versions as seen live.
    pub versions: Versions,
    /// What it came to.
    pub conclusion: Conclusion,
    /// Why, in one line.
    pub reason: String,
    /// By profile.
    pub profiles: Vec<ProfileResult>,
    /// How often the cell was read and judged.
    pub readings: usize,
    /// Trials by verdict; every verdict is there, also with 0.
    pub statistics: BTreeMap<Verdict, usize>,
    /// How often each layer was exercised, by family.
    pub ledger: Ledger,
    /// Claimed families that were never exercised at a layer.
    pub gaps: Vec<LedgerGap>,
    /// The first broken layer for each scenario and family.
    pub diagnoses: Vec<Diagnosis>,
    /// Every trial.
    pub results: Vec<TrialResult>,
    /// What the plan skipped.
    pub skipped: Vec<Skipped>,
    /// The stage that ended the run early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The cell that used the cluster before and left it as it had found it; `None` on a cluster of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_from: Option<String>,
    /// What the run made and could not remove.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remains: Option<Failure>,
    /// Evidence that is not in the bundle.
    pub missing: Vec<Missing>,
    /// Where the time went.
    pub timings: Vec<StageTiming>,
    /// The resolved settings, timeouts included.
    pub settings: BTreeMap<String, String>,
    /// SHA-256 of the evidence, by its path in the bundle.
    pub digests: BTreeMap<String, String>,
}

/// What was tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Implementation {
    /// The mesh's name.
    pub mesh: String,
    /// Its version, as its control plane says; `unknown` when it did not.
    pub version: String,
    /// The version profile that gave the expected shapes; `none` without one.
    pub version_profile: String,
}

/// One profile's trials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileResult {
    /// Core or extended.
    pub name: Profile,
    /// `true` when every trial of it is good.
    pub good: bool,
    /// Its trials by verdict.
    pub statistics: BTreeMap<Verdict, usize>,
}

/// A family that a scenario claims and that no comparison of a layer touched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LedgerGap {
    /// The layer.
    pub layer: Layer,
    /// The family.
    pub family: crate::family::IpFamily,
}

/// The first layer at which a family was lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The scenario.
    pub scenario: String,
    /// The family; `None` when the broken comparison is about neither alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<crate::family::IpFamily>,
    /// The layer.
    pub layer: Layer,
    /// The check that says so.
    pub check: String,
    /// The first comparison that does not hold.
    pub finding: Finding,
}

/// One trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialResult {
    /// `scenario::check::cell`.
    pub name: String,
    /// The scenario.
    pub scenario: String,
    /// The check's key.
    pub check: String,
    /// What holds when it is green.
    pub title: String,
    /// The layer it looks at.
    pub layer: Layer,
    /// Core or extended.
    pub profile: Profile,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, when it is not a plain pass.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Every comparison.
    pub findings: Vec<Finding>,
}

/// A trial that the plan skipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The scenario.
    pub scenario: String,
    /// The check's key.
    pub check: String,
    /// Why.
    pub reason: String,
}

impl Report {
    /// Finds a trial by its name.
    #[must_use]
    pub fn trial(&self, name: &str) -> Option<&TrialResult> {
        self.results.iter().find(|result| result.name == name)
    }
}
