//! From a bundle to its report.

use std::collections::BTreeMap;

use super::Rules;
use super::bench::Bench;
use super::conclude::{conclude, count, diagnose, gaps, profiles};
use crate::check::Case;
use crate::evidence::{Evidence, Failure, Manifest, Repeat, Tool};
use crate::plan::Cell;
use crate::report::{Implementation, REPORT_API_VERSION, Report, Skipped, TrialResult};
use crate::verdict::{Ledger, Verdict};

/// Judges a bundle.
///
/// `tool` names the program that judges; it is the only thing in the report that is not in the bundle or the rules. The
/// trials are those that the bundle's manifest selected. The same bundle and rules always give the same report.
#[must_use]
pub fn judge(evidence: &Evidence, rules: &Rules, tool: Tool) -> Report {
    let bench = Bench::new(evidence, rules);
    let cases: BTreeMap<&str, Case<'_>> =
        rules.scenarios.iter().rev().map(|scenario| (scenario.name.as_str(), bench.case(scenario))).collect();
    let results: Vec<TrialResult> = evidence
        .manifest
        .selected
        .iter()
        .map(|(scenario, key)| bench.trial(scenario, key, cases.get(scenario.as_str())))
        .map(|result| steady(result, &evidence.manifest.repeats))
        .collect();
    let mut ledger = Ledger::default();
    for result in &results {
        ledger.count(result.layer, &result.findings);
    }
    let gaps = gaps(&results, rules, &ledger, evidence.manifest.cell.order);
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
        readings: 1 + manifest.repeats.len(),
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
        cluster_from: manifest.cluster_from.clone(),
        remains: manifest.remains.clone(),
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

/// Turns a trial flaky when another reading of the same cell said otherwise.
fn steady(result: TrialResult, repeats: &[Repeat]) -> TrialResult {
    let said = result.verdict.as_str();
    let others: Vec<&str> = repeats
        .iter()
        .filter_map(|repeat| repeat.verdicts.get(&result.name))
        .map(String::as_str)
        .filter(|other| *other != said)
        .collect();
    let Some(first) = others.first() else { return result };
    let reason = format!(
        "{said} at first, otherwise in {} of {} further readings, such as {first}",
        others.len(),
        repeats.len()
    );
    TrialResult { verdict: Verdict::Flaky, reason, ..result }
}
