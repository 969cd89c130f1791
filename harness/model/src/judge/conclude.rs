//! All trials together: gaps, counts, diagnoses, and the conclusion.

use std::collections::{BTreeMap, BTreeSet};

use super::Rules;
use crate::evidence::{Evidence, FailureKind};
use crate::family::{FamilyOrder, IpFamily};
use crate::report::{Conclusion, Diagnosis, LedgerGap, ProfileResult, TrialResult};
use crate::spec::Profile;
use crate::verdict::{Finding, Holds, Layer, Ledger, Verdict};

/// Lists the families that a scenario claims and that no comparison of one of its checks' layers touched.
///
/// Two exceptions, both because nothing could be said honestly: a trial that has no meaning here claims nothing, and a
/// reply by name to a Service of two families does not say which one carried it.
pub(super) fn gaps(results: &[TrialResult], rules: &Rules, ledger: &Ledger, order: FamilyOrder) -> Vec<LedgerGap> {
    let mut claimed = BTreeSet::new();
    for result in results.iter().filter(|result| result.verdict.is_good() && result.verdict != Verdict::NotApplicable) {
        let scenario = rules.scenarios.iter().find(|scenario| scenario.name == result.scenario);
        if let Some(matrix) = scenario.and_then(|scenario| scenario.matrix.as_ref()) {
            let families = matrix.targets.iter().flat_map(|target| target.kind.families().unwrap_or_default());
            claimed.extend(families.map(|family| LedgerGap { layer: result.layer, family: *family }));
            continue;
        }
        let families: &[IpFamily] = match scenario.and_then(|scenario| scenario.subject.as_ref()) {
            Some(subject) if result.layer == Layer::Application && subject.claim.ip_families.len() > 1 => &[],
            Some(subject) => &subject.claim.ip_families,
            None => order.families(),
        };
        claimed.extend(families.iter().map(|family| LedgerGap { layer: result.layer, family: *family }));
    }
    let exercised =
        |gap: &LedgerGap| ledger.rows().iter().any(|row| row.layer == gap.layer && *row.exercised.get(gap.family) > 0);
    claimed.into_iter().filter(|gap| !exercised(gap)).collect()
}

pub(super) fn conclude(evidence: &Evidence, results: &[TrialResult], gaps: &[LedgerGap]) -> (Conclusion, String) {
    let of = |verdict: Verdict| results.iter().filter(|result| result.verdict == verdict).count();
    if let Some(failure) = &evidence.manifest.failure {
        let conclusion = match failure.kind {
            FailureKind::InvalidEnvironment => Conclusion::InvalidEnvironment,
            FailureKind::Inconclusive => Conclusion::Inconclusive,
            FailureKind::Interrupted => Conclusion::Interrupted,
            FailureKind::BadInput => Conclusion::BadInput,
        };
        return (conclusion, format!("stage {} ended the run", failure.stage));
    }
    if of(Verdict::InvalidEnvironment) > 0 {
        return (Conclusion::InvalidEnvironment, "the cluster itself has not the families that it should".to_owned());
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
    let beside = |verdict: Verdict| match of(verdict) {
        0 => String::new(),
        count => format!(", {count} {verdict}"),
    };
    let held = format!("{} trials hold{}{}", of(Verdict::Pass), beside(Verdict::Xfail), beside(Verdict::NotApplicable));
    (Conclusion::Conforms, held)
}

pub(super) fn profiles(results: &[TrialResult]) -> Vec<ProfileResult> {
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

pub(super) fn count<'a>(results: impl Iterator<Item = &'a TrialResult>) -> BTreeMap<Verdict, usize> {
    let mut counts: BTreeMap<Verdict, usize> = Verdict::ALL.into_iter().map(|verdict| (verdict, 0)).collect();
    for result in results {
        *counts.entry(result.verdict).or_default() += 1;
    }
    counts
}

/// Finds, for each scenario and family, the broken comparison of the lowest layer.
///
/// What shows the place itself goes before what was traced from calls that did not arrive: those fail for whatever is broken below. A
/// comparison that is about neither family alone is left out where one of a family accounts for it.
pub(super) fn diagnose(results: &[TrialResult]) -> Vec<Diagnosis> {
    let rank =
        |(result, finding): (&TrialResult, &Finding)| (finding.layer.is_some(), finding.layer.unwrap_or(result.layer));
    let mut first: BTreeMap<(&str, Option<IpFamily>), (&TrialResult, &Finding)> = BTreeMap::new();
    for result in results {
        for finding in result.findings.iter().filter(|finding| finding.holds == Holds::No) {
            let slot = first.entry((&result.scenario, finding.family)).or_insert((result, finding));
            if rank((result, finding)) < rank(*slot) {
                *slot = (result, finding);
            }
        }
    }
    let accounted: BTreeSet<&str> = first
        .iter()
        .filter(|((scenario, family), one)| {
            family.is_some() && first.get(&(*scenario, None)).is_some_and(|both| rank(**one) <= rank(*both))
        })
        .map(|((scenario, _), _)| *scenario)
        .collect();
    first
        .into_iter()
        .filter(|((scenario, family), _)| family.is_some() || !accounted.contains(scenario))
        .map(|((scenario, family), (result, finding))| Diagnosis {
            scenario: scenario.to_owned(),
            family,
            layer: finding.layer.unwrap_or(result.layer),
            check: result.check.clone(),
            finding: finding.clone(),
        })
        .collect()
}
