//! Known deviations: what is run, is red, and is known to be.

use serde::{Deserialize, Serialize};

use super::profile::VersionRange;
use super::{MeshVersion, SpecError, document};

/// One known deviation. It turns `fail` into `xfail` and `pass` into `xpass`, which is red: a deviation that is no longer
/// needed must go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deviation {
    /// The scenario's name.
    pub scenario: String,
    /// The check's key.
    pub check: String,
    /// The mesh versions it covers.
    pub versions: VersionRange,
    /// The upstream issue.
    pub issue: String,
    /// Why it is accepted.
    pub reason: String,
    /// The last day on which it counts, `YYYY-MM-DD`.
    pub expires: jiff::civil::Date,
}

impl Deviation {
    /// Tells whether it covers a check of a scenario at a version on a day.
    #[must_use]
    pub fn covers(&self, scenario: &str, check: &str, version: &MeshVersion, day: jiff::civil::Date) -> bool {
        self.scenario == scenario
            && self.check == check
            && self.versions.first <= *version
            && *version <= self.versions.last
            && day <= self.expires
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    deviations: Vec<Deviation>,
}

/// Reads `deviations.yaml`.
///
/// # Errors
/// Any mistake with its place. An expired deviation is no error: it no longer covers anything.
pub fn deviations(file: &str, text: &str) -> Result<Vec<Deviation>, SpecError> {
    document::parse::<File>(file, text).map(|file| file.deviations)
}
