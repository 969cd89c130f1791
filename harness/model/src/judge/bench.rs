//! One trial: which evidence and shapes it is judged by, and what its findings weigh.

use crate::check::{self, Case, Check, Judged};
use crate::evidence::{Evidence, FailureKind};
use crate::plan::MeshKind;
use crate::report::TrialResult;
use crate::spec::{Deviation, MeshVersion, Profile, Scenario, Shapes, VersionProfile, profile_for};
use crate::verdict::{Finding, Holds, Layer, Verdict};

/// What to do about a comparison without evidence: nobody is to blame for it, so no cure of a check fits.
const LOST: &str =
    "see `missing` in bundle.yaml and the stages in timings.json for what was lost on the way, and run again";

/// What the evidence is held against.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The scenarios.
    pub scenarios: Vec<Scenario>,
    /// The version profiles.
    pub profiles: Vec<VersionProfile>,
    /// The known deviations.
    pub deviations: Vec<Deviation>,
}

/// What is the same for every trial of a bundle.
pub(super) struct Bench<'a> {
    evidence: &'a Evidence,
    rules: &'a Rules,
    pub(super) version: Option<MeshVersion>,
    pub(super) profile: Option<&'a VersionProfile>,
}

/// Returns the shapes of the mesh of a bundle, as its control plane says its version, or else as it was asked for; `None` without a mesh, and
/// where no version profile fits.
#[must_use]
pub fn shapes<'a>(evidence: &'a Evidence, rules: &'a Rules) -> Option<&'a Shapes> {
    Bench::new(evidence, rules).profile.map(|profile| &profile.shapes)
}

impl<'a> Bench<'a> {
    pub(super) fn new(evidence: &'a Evidence, rules: &'a Rules) -> Self {
        let manifest = &evidence.manifest;
        // What the control plane said and nobody can read (`unknown`, two versions at once) is not what was asked for.
        let version = match &manifest.versions.control_plane {
            Some(live) => live.parse().ok(),
            None => manifest.cell.mesh_version.clone(),
        };
        let profile = match manifest.cell.mesh {
            MeshKind::None => None,
            MeshKind::Istio | MeshKind::Embedded => {
                version.as_ref().and_then(|version| profile_for(&rules.profiles, version))
            }
        };
        Self { evidence, rules, version, profile }
    }

    /// Makes the case of a scenario, for all of its checks.
    pub(super) fn case<'s>(&'s self, scenario: &'s Scenario) -> Case<'s> {
        Case::new(self.evidence, scenario, self.profile.map(|profile| &profile.shapes))
    }

    /// Judges one trial; `case` is `None` where the rules have no such scenario.
    pub(super) fn trial(&self, scenario: &str, key: &str, case: Option<&Case<'_>>) -> TrialResult {
        let cell = self.evidence.manifest.cell.name();
        let Some(check) = check::find(key) else {
            let reason = format!("this dualproof has no check {key}");
            return nameless(scenario, key, &cell, reason);
        };
        let (verdict, reason, findings) = match case {
            None => (Verdict::Inconclusive, format!("the rules have no scenario {scenario}"), Vec::new()),
            Some(case) => self.verdict(case, check),
        };
        TrialResult {
            name: format!("{scenario}::{}::{cell}", check.id()),
            scenario: scenario.to_owned(),
            check: check.key.to_owned(),
            title: check.title.to_owned(),
            layer: check.layer,
            profile: case.map_or(check.profile, |case| case.scenario.profile.max(check.profile)),
            verdict,
            reason,
            findings,
        }
    }

    pub(super) fn verdict(&self, case: &Case<'_>, check: &Check) -> (Verdict, String, Vec<Finding>) {
        if let Some(failure) = &self.evidence.manifest.failure
            && (check.layer != Layer::Environment || self.evidence.calls.is_empty())
        {
            let verdict = match failure.kind {
                FailureKind::InvalidEnvironment => Verdict::InvalidEnvironment,
                FailureKind::Inconclusive | FailureKind::Interrupted | FailureKind::BadInput => Verdict::Inconclusive,
            };
            return (verdict, format!("stage {} ended the run", failure.stage), Vec::new());
        }
        if check.needs_mesh && self.profile.is_none() {
            let said = self.evidence.manifest.versions.control_plane.as_deref();
            let version = self.version.as_ref().map(MeshVersion::as_str).or(said).filter(|text| !text.is_empty());
            let version = version.unwrap_or("unknown");
            return (
                Verdict::Inconclusive,
                format!("no version profile fits the mesh's version: {version}"),
                Vec::new(),
            );
        }
        match (check.judge)(case) {
            Judged::NotApplicable(reason) => (Verdict::NotApplicable, reason, Vec::new()),
            Judged::Findings(findings) => {
                let findings = self.advised(findings, check);
                let (verdict, reason) = self.weigh(case.scenario, check, &findings);
                (verdict, reason, findings)
            }
        }
    }

    fn weigh(&self, scenario: &Scenario, check: &Check, findings: &[Finding]) -> (Verdict, String) {
        let broken = findings.iter().filter(|finding| finding.holds == Holds::No).count();
        let unknown = findings.iter().filter(|finding| finding.holds == Holds::Unknown).count();
        let deviation = self.deviation(scenario, check);
        if broken > 0 {
            let said = format!("{broken} of {} comparisons do not hold", findings.len());
            return match (deviation, check.layer) {
                (Some(deviation), _) => {
                    (Verdict::Xfail, format!("{said}; known: {} ({})", deviation.issue, deviation.reason))
                }
                (None, Layer::Environment) => (Verdict::InvalidEnvironment, said),
                (None, _) => (Verdict::Fail, said),
            };
        }
        if unknown > 0 {
            return (Verdict::Inconclusive, format!("{unknown} of {} comparisons have no evidence", findings.len()));
        }
        if findings.is_empty() {
            return (Verdict::Inconclusive, "it compared nothing, and so proves nothing".to_owned());
        }
        match deviation {
            Some(deviation) => {
                (Verdict::Xpass, format!("deviation {} is no longer needed: remove it", deviation.issue))
            }
            None => (Verdict::Pass, String::new()),
        }
    }

    fn deviation(&self, scenario: &Scenario, check: &Check) -> Option<&'a Deviation> {
        let version = self.version.as_ref()?;
        let day = self.evidence.manifest.started.get(..10)?.parse().ok()?;
        self.rules.deviations.iter().find(|deviation| deviation.covers(&scenario.name, check.key, version, day))
    }

    fn advised(&self, findings: Vec<Finding>, check: &Check) -> Vec<Finding> {
        let regression = self
            .profile
            .zip(self.version.as_ref())
            .and_then(|(profile, version)| profile.regression(check.key, version))
            .map(|regression| format!(" Known in this version: {} ({}).", regression.what, regression.issue))
            .unwrap_or_default();
        findings
            .into_iter()
            .map(|mut finding| {
                match finding.holds {
                    Holds::Yes => {}
                    Holds::No => finding.next = format!("{}{regression}", check.cure),
                    Holds::Unknown => finding.next = LOST.to_owned(),
                }
                finding
            })
            .collect()
    }
}

fn nameless(scenario: &str, key: &str, cell: &str, reason: String) -> TrialResult {
    TrialResult {
        name: format!("{scenario}::{key}::{cell}"),
        scenario: scenario.to_owned(),
        check: key.to_owned(),
        title: String::new(),
        layer: Layer::Environment,
        profile: Profile::Core,
        verdict: Verdict::Inconclusive,
        reason,
        findings: Vec::new(),
    }
}
