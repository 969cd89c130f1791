//! Version profiles: which shapes a mesh version gives its configuration.

use serde::{Deserialize, Serialize};

use super::{MeshVersion, SpecError, document};

/// The shapes of a range of versions, as data (`scenarios/profiles.yaml`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionProfile {
    /// The profile's name: `1.26+`.
    pub name: String,
    /// The first version, inclusive.
    pub from: MeshVersion,
    /// The first version that no longer belongs; absent for the newest profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<MeshVersion>,
    /// Where the facts come from.
    pub source: String,
    /// The shapes.
    pub shapes: Shapes,
    /// Bugs that released versions of this range have. They change no expectation: a version that has one is red, and the
    /// finding names it.
    #[serde(default)]
    pub regressions: Vec<Regression>,
}

/// How a version encodes both families.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Shapes {
    /// A dual pod behind a dual Service.
    pub endpoints: EndpointShape,
    /// The static listeners 15090 and 15021.
    pub infra_listeners: InfraShape,
    /// The inbound passthrough clusters.
    pub inbound_passthrough: PassthroughShape,
}

/// How a dual pod behind a dual Service appears in EDS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointShape {
    /// One endpoint for each address (up to 1.23).
    Split,
    /// One endpoint: `podIPs[0]`, the others as additional addresses (from 1.24, istio/istio#51279).
    Merged,
}

/// Which wildcards the static listeners bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InfraShape {
    /// The wildcard of `podIPs[0]` only.
    FirstFamily,
    /// Both (from 1.20, istio/istio#47022, #47040).
    BothFamilies,
}

/// The names of the inbound passthrough clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PassthroughShape {
    /// `InboundPassthroughClusterIpv4` and `…Ipv6` (up to 1.22).
    PerFamily,
    /// `InboundPassthroughCluster` (from 1.23, istio/istio#51503).
    Single,
}

/// A bug of released versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regression {
    /// The key of the check that sees it.
    pub check: String,
    /// The bad versions, each as first and last, inclusive.
    pub versions: Vec<VersionRange>,
    /// The issue.
    pub issue: String,
    /// What happens, and when.
    pub what: String,
}

/// Versions from first to last, both inclusive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionRange {
    /// The first.
    pub first: MeshVersion,
    /// The last.
    pub last: MeshVersion,
}

impl VersionProfile {
    /// Finds the known bug of one version that one check sees.
    #[must_use]
    pub fn regression(&self, check: &str, version: &MeshVersion) -> Option<&Regression> {
        self.regressions.iter().find(|regression| {
            regression.check == check
                && regression.versions.iter().any(|range| range.first <= *version && *version <= range.last)
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    istio: Vec<VersionProfile>,
}

/// Reads `profiles.yaml`.
///
/// # Errors
/// Any mistake with its place; ranges that overlap, leave a gap or end before they begin.
pub fn profiles(file: &str, text: &str) -> Result<Vec<VersionProfile>, SpecError> {
    let File { istio } = document::parse(file, text)?;
    for pair in istio.windows(2) {
        let [earlier, later] = pair else { continue };
        if earlier.until.as_ref() != Some(&later.from) {
            let what = format!("profile `{}` must end where `{}` begins, at {}", earlier.name, later.name, later.from);
            return Err(SpecError::whole(file, what));
        }
    }
    for profile in &istio {
        if profile.until.as_ref().is_some_and(|until| *until <= profile.from) {
            return Err(SpecError::whole(file, format!("profile `{}` ends before it begins", profile.name)));
        }
    }
    Ok(istio)
}

/// Chooses the profile of a version; `None` for a version older than all.
#[must_use]
pub fn profile_for<'a>(profiles: &'a [VersionProfile], version: &MeshVersion) -> Option<&'a VersionProfile> {
    profiles
        .iter()
        .find(|profile| profile.from <= *version && profile.until.as_ref().is_none_or(|until| *version < *until))
}
