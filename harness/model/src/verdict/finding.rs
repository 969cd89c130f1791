//! One comparison: subject, family, expected, seen.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

use super::Layer;
use crate::family::{AddressSet, IpFamily};

/// Whether a comparison holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// Expected and seen agree.
    Yes,
    /// They do not.
    No,
    /// The evidence was lost, so nothing can be said.
    Unknown,
}

/// One comparison, in words that are generated from what was expected and what was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// What was compared: `outbound listeners of client/curl-1 for dual-stack/tcp-echo:9000`.
    pub subject: String,
    /// The family it is about; `None` when it is about neither alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<IpFamily>,
    /// What was expected, computed from live objects and the version profile.
    pub expected: String,
    /// What was seen.
    pub seen: String,
    /// Whether both agree.
    pub holds: Holds,
    /// The layer at which the evidence shows a call to be lost, where that is not the check's: an end that was not reached says
    /// nothing of the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<Layer>,
    /// The file in the bundle, with the path inside it; several are joined by `, `.
    pub place: String,
    /// What to do next; empty when the comparison holds.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub next: String,
}

/// Collects the findings of one check.
#[derive(Clone, Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Starts without any.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Compares two sets of addresses, each family by itself: one finding for each family that either set has.
    pub fn sets(&mut self, subject: &str, expected: &AddressSet, seen: &AddressSet, place: &str) {
        for family in IpFamily::BOTH {
            let (expected, seen) = (expected.of_family(family), seen.of_family(family));
            if !expected.is_empty() || !seen.is_empty() {
                self.push(subject, Some(family), &expected, &seen, expected == seen, place);
            }
        }
    }

    /// Compares two values by equality and prints both.
    pub fn equal<T: Display + PartialEq>(
        &mut self,
        subject: &str,
        family: Option<IpFamily>,
        expected: &T,
        seen: &T,
        place: &str,
    ) {
        self.push(subject, family, expected, seen, expected == seen, place);
    }

    /// States a comparison whose outcome the check has decided.
    pub fn push(
        &mut self,
        subject: &str,
        family: Option<IpFamily>,
        expected: &impl Display,
        seen: &impl Display,
        agree: bool,
        place: &str,
    ) {
        let holds = if agree { Holds::Yes } else { Holds::No };
        self.add(subject, family, expected.to_string(), seen.to_string(), holds, place);
    }

    /// States that a call did not end as it should, and at which layer it was lost; `None` for the check's own.
    pub fn traced(
        &mut self,
        subject: &str,
        family: Option<IpFamily>,
        expected: &impl Display,
        seen: &impl Display,
        layer: Option<Layer>,
        place: &str,
    ) {
        self.push(subject, family, expected, seen, false, place);
        if let Some(finding) = self.0.last_mut() {
            finding.layer = layer;
        }
    }

    /// States that the evidence for a comparison is not there, and why.
    pub fn lost(&mut self, subject: &str, family: Option<IpFamily>, expected: &impl Display, why: &str, place: &str) {
        self.add(subject, family, expected.to_string(), format!("no evidence: {why}"), Holds::Unknown, place);
    }

    /// Tells whether nothing was collected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Hands over what was collected.
    #[must_use]
    pub fn into_vec(self) -> Vec<Finding> {
        self.0
    }

    fn add(
        &mut self,
        subject: &str,
        family: Option<IpFamily>,
        expected: String,
        seen: String,
        holds: Holds,
        place: &str,
    ) {
        let (subject, place) = (subject.to_owned(), place.to_owned());
        self.0.push(Finding { subject, family, expected, seen, holds, layer: None, place, next: String::new() });
    }
}
