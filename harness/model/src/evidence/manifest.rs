//! `bundle.yaml`: what the bundle is, what is in it, and what is not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::plan::Cell;

/// The schema that this code reads and writes. Names may be added under one schema; a changed meaning needs a new one.
pub const BUNDLE_SCHEMA: &str = "dualproof.dev/bundle/v1";

/// The manifest of a bundle.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// Always [`BUNDLE_SCHEMA`].
    pub schema: String,
    /// What wrote the bundle.
    pub tool: Tool,
    /// The run's id: label of everything that it made.
    pub run: String,
    /// When the run began, RFC 3339.
    pub started: String,
    /// The combination that was run.
    pub cell: Cell,
    /// Versions as seen live, not as asked for.
    #[serde(default)]
    pub versions: Versions,
    /// The resolved settings, as text, by their names.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// The selected trials as (scenario, check key), in the plan's order.
    #[serde(default)]
    pub selected: Vec<(String, String)>,
    /// The trials that the plan skipped, with the reason.
    #[serde(default)]
    pub skipped: Vec<(String, String, String)>,
    /// The stage that ended the run early; `None` when all stages ended well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The verdicts of further readings of the same cell, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeats: Vec<Repeat>,
    /// The cell, by its name, that used the cluster before this one and left it as it had found it; `None` on a cluster of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_from: Option<String>,
    /// What the run made and could not remove; `None` when nothing stayed behind. It changes no verdict: the evidence was
    /// whole by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remains: Option<Failure>,
    /// What should be in the bundle and is not, and why.
    #[serde(default)]
    pub missing: Vec<Missing>,
    /// What was left out on purpose, and why.
    #[serde(default)]
    pub redacted: Vec<Missing>,
    /// SHA-256 of every file but this one, by its path inside the bundle.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
}

/// The program that wrote a bundle or report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// Versions read from the live system; `None` where it did not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Versions {
    /// The API server's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<String>,
    /// The mesh's control plane's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_plane: Option<String>,
    /// The proxies', each once, sorted.
    #[serde(default)]
    pub proxies: Vec<String>,
    /// The tools that were used, by name.
    #[serde(default)]
    pub tools: BTreeMap<String, String>,
}

/// One more reading of the same cell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repeat {
    /// Each trial's verdict, spelled as in the report, by the trial's name.
    pub verdicts: BTreeMap<String, String>,
}

/// Something that is not in the bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Missing {
    /// A path inside the bundle, or the name of the evidence.
    pub what: String,
    /// Why.
    pub why: String,
}

/// What kind of trouble ended a run early. It decides the verdict of what could not be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// A flag, a file or a name that the user gave is wrong.
    BadInput,
    /// The cluster, or the machine under it, is not what the run needs: nobody blames the mesh.
    InvalidEnvironment,
    /// Evidence was lost; nothing can be said.
    Inconclusive,
    /// The user stopped the run.
    Interrupted,
}

/// The stage that ended a run early.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// The stage's name.
    pub stage: String,
    /// What kind of trouble it is.
    pub kind: FailureKind,
    /// What was tried, on what, and why it failed.
    pub what: String,
    /// What to do next; empty when there is no advice.
    #[serde(default)]
    pub hint: String,
}
