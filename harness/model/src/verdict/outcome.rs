//! The verdict of one trial.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a trial came to (DESIGN, section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every comparison holds.
    Pass,
    /// At least one does not.
    Fail,
    /// It fails, and a deviation covers it.
    Xfail,
    /// A deviation covers it, and it passes: the deviation must go. Red.
    Xpass,
    /// Both outcomes were seen on one commit.
    Flaky,
    /// The evidence was lost; never a pass.
    Inconclusive,
    /// It has no meaning in this cell; counted, with the reason.
    NotApplicable,
    /// The cluster itself is not dual-stack; nobody blames the mesh.
    InvalidEnvironment,
}

impl Verdict {
    /// Every verdict, in the order of summaries.
    pub const ALL: [Self; 8] = [
        Self::Pass,
        Self::Fail,
        Self::Xfail,
        Self::Xpass,
        Self::Flaky,
        Self::Inconclusive,
        Self::NotApplicable,
        Self::InvalidEnvironment,
    ];

    /// Spells the verdict.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Xfail => "xfail",
            Self::Xpass => "xpass",
            Self::Flaky => "flaky",
            Self::Inconclusive => "inconclusive",
            Self::NotApplicable => "not-applicable",
            Self::InvalidEnvironment => "invalid-environment",
        }
    }

    /// Tells whether a trial with this verdict may stand in a run that conforms.
    #[must_use]
    pub fn is_good(self) -> bool {
        matches!(self, Self::Pass | Self::Xfail | Self::NotApplicable)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
