//! Versions of meshes, vendors' and pre-releases included.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A mesh's version: `1.26.0`, `1.31.0-lab`, `1.32-alpha.19a2f…`, `1.24.6-vendor.1`.
///
/// Orders by its numbers alone: a suffix says who built it, not which shapes it has. A missing patch number counts as 0.
/// (`semver` refuses `1.32-alpha.<sha>`, which is what Istio's own nightly builds are called.)
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MeshVersion {
    numbers: [u64; 3],
    text: String,
}

/// The text is not a version.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a version: expected numbers such as 1.26.0, 1.31.0-vendor or 1.32-alpha.<commit>")]
pub struct MeshVersionError(String);

impl MeshVersion {
    /// Returns major, minor and patch.
    #[must_use]
    pub fn numbers(&self) -> [u64; 3] {
        self.numbers
    }

    /// Returns the version as it was written, without a leading `v`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for MeshVersion {
    type Err = MeshVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || MeshVersionError(text.to_owned());
        let text = text.strip_prefix('v').unwrap_or(text);
        let end = text.find(['-', '+']).unwrap_or(text.len());
        let (numbers, suffix) = text.split_at(end);
        let suffix_fits = suffix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-+._".contains(&byte));
        if suffix.len() == 1 || !suffix_fits {
            return Err(refused());
        }
        let mut parsed = [0; 3];
        let parts: Vec<&str> = numbers.split('.').collect();
        if !(2..=3).contains(&parts.len()) {
            return Err(refused());
        }
        for (slot, part) in parsed.iter_mut().zip(&parts) {
            if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(refused());
            }
            *slot = part.parse().map_err(|_| refused())?;
        }
        Ok(Self { numbers: parsed, text: text.to_owned() })
    }
}

impl TryFrom<String> for MeshVersion {
    type Error = MeshVersionError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<MeshVersion> for String {
    fn from(version: MeshVersion) -> Self {
        version.text
    }
}

impl fmt::Display for MeshVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for MeshVersion {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for MeshVersion {}

impl PartialOrd for MeshVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for MeshVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers)
    }
}
