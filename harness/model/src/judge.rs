//! The judge: a pure function from a bundle and rules to a report. There is no second implementation of a check.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::{self, Case, Check, Judged};
use crate::evidence::{Evidence, Failure, FailureKind, Manifest, Tool};
use crate::family::IpFamily;
use crate::plan::{Cell, MeshKind};
use crate::report::{
    Conclusion, Diagnosis, Implementation, LedgerGap, ProfileResult, REPORT_API_VERSION, Report, Skipped, TrialResult,
};
use crate::spec::{Deviation, MeshVersion, Profile, Scenario, VersionProfile, profile_for};
use crate::verdict::{Finding, Holds, Layer, Ledger, Verdict};

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

/// Judges a bundle.
///
/// `tool` names the program that judges; it is the only thing in the report that is not in the bundle or the rules. The
/// trials are those that the bundle's manifest selected. The same bundle and rules always give the same report.
#[must_use]
pub fn judge(evidence: &Evidence, rules: &Rules, tool: Tool) -> Report {
    let bench = Bench::new(evidence, rules);
    let results: Vec<TrialResult> =
        evidence.manifest.selected.iter().map(|(scenario, key)| bench.trial(scenario, key)).collect();
    let mut ledger = Ledger::default();
    for result in &results {
        ledger.count(result.layer, &result.findings);
    }
    let gaps = gaps(&results, rules, &ledger);
    let (conclusion, reason) = conclude(evidence, &results, &gaps);
    let manifest = &evidence.manifest;
    Report {
        api_version: REPORT_API_VERSION.to_owned(),
        kind: "ConformanceReport".to_owned(),
        tool,
        run: manifest.run.clone(),
        date: manifest.started.clone(),
        implementation: Implementation {
            mesh: manifest.cell.mesh.to_string(),
            version: bench.version.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string),
            version_profile: bench.profile.map_or_else(|| "none".to_owned(), |profile| profile.name.clone()),
        },
        cell_name: manifest.cell.name(),
        cell: manifest.cell.clone(),
        versions: manifest.versions.clone(),
        conclusion,
        reason,
        profiles: profiles(&results),
        statistics: count(results.iter()),
        ledger,
        gaps,
        diagnoses: diagnose(&results),
        results,
        skipped: manifest
            .skipped
            .iter()
            .map(|(scenario, check, reason)| Skipped {
                scenario: scenario.clone(),
                check: check.clone(),
                reason: reason.clone(),
            })
            .collect(),
        failure: manifest.failure.clone(),
        missing: manifest.missing.clone(),
        timings: evidence.timings.stages.clone(),
        settings: manifest.settings.clone(),
        digests: manifest.files.clone(),
    }
}

/// Makes the report of a run that was refused before anything of it could be recorded.
#[must_use]
pub fn refused(cell: Cell, failure: Failure, tool: Tool, date: String) -> Report {
    let manifest = Manifest { cell, started: date, failure: Some(failure), ..Manifest::default() };
    judge(&Evidence { manifest, ..Evidence::default() }, &Rules::default(), tool)
}

/// What is the same for every trial of a bundle.
struct Bench<'a> {
    evidence: &'a Evidence,
    rules: &'a Rules,
    version: Option<MeshVersion>,
    profile: Option<&'a VersionProfile>,
}

impl<'a> Bench<'a> {
    fn new(evidence: &'a Evidence, rules: &'a Rules) -> Self {
        let manifest = &evidence.manifest;
        let live = manifest.versions.control_plane.as_deref().and_then(|text| text.parse().ok());
        let version: Option<MeshVersion> = live.or_else(|| manifest.cell.mesh_version.clone());
        let profile = match manifest.cell.mesh {
            MeshKind::None => None,
            MeshKind::Istio => version.as_ref().and_then(|version| profile_for(&rules.profiles, version)),
        };
        Self { evidence, rules, version, profile }
    }

    fn trial(&self, scenario: &str, key: &str) -> TrialResult {
        let cell = self.evidence.manifest.cell.name();
        let Some(check) = check::find(key) else {
            let reason = format!("this dualproof has no check {key}");
            return nameless(scenario, key, &cell, reason);
        };
        let (verdict, reason, findings) = match self.rules.scenarios.iter().find(|known| known.name == scenario) {
            None => (Verdict::Inconclusive, format!("the rules have no scenario {scenario}"), Vec::new()),
            Some(scenario) => self.verdict(scenario, check),
        };
        TrialResult {
            name: format!("{scenario}::{}::{cell}", check.id()),
            scenario: scenario.to_owned(),
            check: check.key.to_owned(),
            title: check.title.to_owned(),
            layer: check.layer,
            profile: check.profile,
            verdict,
            reason,
            findings,
        }
    }

    fn verdict(&self, scenario: &Scenario, check: &Check) -> (Verdict, String, Vec<Finding>) {
        if let Some(failure) = &self.evidence.manifest.failure
            && (check.layer != Layer::Environment || self.evidence.calls.is_empty())
        {
            let verdict = match failure.kind {
                FailureKind::InvalidEnvironment => Verdict::InvalidEnvironment,
                FailureKind::Inconclusive | FailureKind::Interrupted | FailureKind::BadInput => Verdict::Inconclusive,
            };
            return (verdict, format!("stage {} ended the run: {}", failure.stage, failure.what), Vec::new());
        }
        if check.needs_mesh && self.profile.is_none() {
            let version = self.version.as_ref().map_or_else(|| "of unknown version".to_owned(), ToString::to_string);
            return (Verdict::Inconclusive, format!("no version profile fits the mesh {version}"), Vec::new());
        }
        let shapes = self.profile.map(|profile| &profile.shapes);
        match (check.judge)(&Case { evidence: self.evidence, scenario, shapes }) {
            Judged::NotApplicable(reason) => (Verdict::NotApplicable, reason, Vec::new()),
            Judged::Findings(findings) => {
                let findings = self.advised(findings, check);
                let (verdict, reason) = self.weigh(scenario, check, &findings);
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
                if finding.holds == Holds::No {
                    finding.next = format!("{}{regression}", check.cure);
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

/// Lists the families that a scenario claims and that no comparison of one of its checks' layers touched.
///
/// Two exceptions, both because nothing could be said honestly: a trial that has no meaning here claims nothing, and a
/// reply by name to a Service of two families does not say which one carried it.
fn gaps(results: &[TrialResult], rules: &Rules, ledger: &Ledger) -> Vec<LedgerGap> {
    let mut claimed = BTreeSet::new();
    for result in results.iter().filter(|result| result.verdict.is_good() && result.verdict != Verdict::NotApplicable) {
        let subject = rules.scenarios.iter().find(|scenario| scenario.name == result.scenario);
        let families: &[IpFamily] = match subject.and_then(|scenario| scenario.subject.as_ref()) {
            Some(subject) if result.layer == Layer::Application && subject.claim.ip_families.len() > 1 => &[],
            Some(subject) => &subject.claim.ip_families,
            None => &IpFamily::BOTH,
        };
        claimed.extend(families.iter().map(|family| LedgerGap { layer: result.layer, family: *family }));
    }
    let exercised =
        |gap: &LedgerGap| ledger.rows().iter().any(|row| row.layer == gap.layer && *row.exercised.get(gap.family) > 0);
    claimed.into_iter().filter(|gap| !exercised(gap)).collect()
}

fn conclude(evidence: &Evidence, results: &[TrialResult], gaps: &[LedgerGap]) -> (Conclusion, String) {
    let of = |verdict: Verdict| results.iter().filter(|result| result.verdict == verdict).count();
    if let Some(failure) = &evidence.manifest.failure {
        let conclusion = match failure.kind {
            FailureKind::InvalidEnvironment => Conclusion::InvalidEnvironment,
            FailureKind::Inconclusive => Conclusion::Inconclusive,
            FailureKind::Interrupted => Conclusion::Interrupted,
            FailureKind::BadInput => Conclusion::BadInput,
        };
        return (conclusion, format!("stage {} ended the run: {}", failure.stage, failure.what));
    }
    if of(Verdict::InvalidEnvironment) > 0 {
        return (Conclusion::InvalidEnvironment, "the cluster itself is not dual-stack".to_owned());
    }
    let red = of(Verdict::Fail) + of(Verdict::Xpass) + of(Verdict::Flaky);
    if red > 0 {
        return (Conclusion::DoesNotConform, format!("{red} of {} trials are red", results.len()));
    }
    let inconclusive = of(Verdict::Inconclusive);
    if inconclusive > 0 {
        return (Conclusion::Inconclusive, format!("{inconclusive} of {} trials have no evidence", results.len()));
    }
    if of(Verdict::Pass) + of(Verdict::Xfail) == 0 {
        return (Conclusion::Vacuous, "no trial compared anything".to_owned());
    }
    if let Some(gap) = gaps.first() {
        return (Conclusion::DoesNotConform, format!("layer {} was never exercised over {}", gap.layer, gap.family));
    }
    (Conclusion::Conforms, format!("{} of {} trials hold", of(Verdict::Pass), results.len()))
}

fn profiles(results: &[TrialResult]) -> Vec<ProfileResult> {
    [Profile::Core, Profile::Extended]
        .into_iter()
        .filter_map(|name| {
            let trials: Vec<&TrialResult> = results.iter().filter(|result| result.profile == name).collect();
            (!trials.is_empty()).then(|| ProfileResult {
                name,
                good: trials.iter().all(|result| result.verdict.is_good()),
                statistics: count(trials.into_iter()),
            })
        })
        .collect()
}

fn count<'a>(results: impl Iterator<Item = &'a TrialResult>) -> BTreeMap<Verdict, usize> {
    let mut counts: BTreeMap<Verdict, usize> = Verdict::ALL.into_iter().map(|verdict| (verdict, 0)).collect();
    for result in results {
        *counts.entry(result.verdict).or_default() += 1;
    }
    counts
}

/// Finds, for each scenario and family, the broken comparison of the lowest layer.
fn diagnose(results: &[TrialResult]) -> Vec<Diagnosis> {
    let mut first: BTreeMap<(&str, Option<IpFamily>), (&TrialResult, &Finding)> = BTreeMap::new();
    for result in results {
        for finding in result.findings.iter().filter(|finding| finding.holds == Holds::No) {
            let slot = first.entry((&result.scenario, finding.family)).or_insert((result, finding));
            if result.layer < slot.0.layer {
                *slot = (result, finding);
            }
        }
    }
    first
        .into_iter()
        .map(|((scenario, family), (result, finding))| Diagnosis {
            scenario: scenario.to_owned(),
            family,
            layer: result.layer,
            check: result.check.clone(),
            finding: finding.clone(),
        })
        .collect()
}
