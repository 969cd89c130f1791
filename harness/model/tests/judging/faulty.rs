//! Every fault of the mutation test, seen through the judge.

use std::collections::BTreeSet;

use dualproof_model::check;
use dualproof_model::evidence::Evidence;
use dualproof_model::family::FamilyOrder;
use dualproof_model::judge::Rules;
use dualproof_model::report::{Conclusion, Report};
use dualproof_model::spec::TargetKind;
use dualproof_model::verdict::{Finding, Holds, Layer, Verdict};

use crate::faults;
use crate::faults::calls::FAULTS;
use crate::lab::World;
use crate::lab::matrix::{MatrixWorld, OF_CALLS};
use crate::run::{Run, profiles, trial};

pub(super) const ORDERS: [FamilyOrder; 2] = [FamilyOrder::V4First, FamilyOrder::V6First];

fn is_whole(finding: &Finding) -> bool {
    let parts = [&finding.subject, &finding.expected, &finding.seen, &finding.place, &finding.next];
    parts.iter().all(|part| !part.trim().is_empty())
}

fn layer_of(key: &str) -> Layer {
    check::find(key).unwrap_or_else(|| panic!("no {key}")).layer
}

fn of_faults(look: impl Fn(&str, &BTreeSet<&str>, &Report)) {
    for mutant in faults::all() {
        for order in ORDERS {
            let world = World::seed(order).serving(mutant.service);
            let run = Run::green(&world).with(|run| {
                let manifest = run.evidence.manifest.clone();
                (mutant.mutate)(&mut run.evidence, &world);
                // Some faults are other worlds' evidence: the run stays the same.
                run.evidence.manifest = manifest;
            });
            look(mutant.what, &mutant.red.iter().copied().collect(), &run.judge());
        }
    }
}

#[test]
fn each_fault_is_red_in_its_trials_and_in_the_conclusion() {
    of_faults(|what, red, report| {
        let cluster = red.contains("K41");
        let expected = if cluster { Conclusion::InvalidEnvironment } else { Conclusion::DoesNotConform };
        assert_eq!(report.conclusion, expected, "{what}: {}", report.reason);
        for result in &report.results {
            let is_red = matches!(result.verdict, Verdict::Fail | Verdict::InvalidEnvironment);
            assert_eq!(is_red, red.contains(result.check.as_str()), "{what}: {} is {}", result.check, result.verdict);
            assert_eq!(result.verdict == Verdict::InvalidEnvironment, is_red && cluster, "{what}: {}", result.check);
            assert!(result.verdict == Verdict::Pass || !result.reason.is_empty(), "{what}: {}", result.check);
        }
    });
}

#[test]
fn each_fault_is_blamed_on_the_lowest_layer_that_shows_it() {
    of_faults(|what, red, report| {
        let lowest = red.iter().map(|key| layer_of(key)).min();
        let blamed = report.diagnoses.iter().map(|diagnosis| diagnosis.layer).min();
        assert_eq!(blamed, lowest, "{what}: {:#?}", report.diagnoses);
    });
}

#[test]
fn a_broken_comparison_says_what_was_expected_what_was_seen_where_and_what_to_do() {
    of_faults(|what, red, report| {
        for key in red {
            let broken = trial(report, key).findings.iter().filter(|finding| finding.holds == Holds::No);
            assert!(broken.clone().count() > 0, "{what}");
            broken.for_each(|finding| assert!(is_whole(finding), "{what}: {finding:#?}"));
        }
        let holding = report.results.iter().flat_map(|result| &result.findings);
        let mut holding = holding.filter(|finding| finding.holds == Holds::Yes);
        assert!(holding.all(|finding| finding.next.is_empty()), "{what}: advice where nothing is wrong");
    });
}

#[test]
fn a_lost_comparison_says_what_was_expected_why_it_is_lost_where_and_what_to_do() {
    for order in ORDERS {
        let run = Run::green(&World::seed(order)).with(|run| {
            let manifest = run.evidence.manifest.clone();
            run.evidence = Evidence { manifest, ..Evidence::default() };
        });
        let report = run.judge();
        assert_eq!(report.conclusion, Conclusion::Inconclusive, "{}", report.reason);
        for result in &report.results {
            assert_eq!(result.verdict, Verdict::Inconclusive, "{}", result.name);
            assert!(!result.findings.is_empty() && !result.reason.is_empty(), "{}", result.name);
            result.findings.iter().for_each(|finding| assert!(is_whole(finding), "{}: {finding:#?}", result.name));
        }
    }
}

/// Every check of calls over a matrix whose calls all end well.
pub(super) fn green(order: FamilyOrder) -> Run {
    let world = MatrixWorld::meshed(order);
    let (mut evidence, scenario) = (world.evidence(), world.scenario());
    let manifest = &mut evidence.manifest;
    manifest.started = "2026-10-01T08:00:00Z".to_owned();
    manifest.selected = OF_CALLS.map(|key| (scenario.name.clone(), key.to_owned())).to_vec();
    let rules = Rules { scenarios: vec![scenario], profiles: profiles(), deviations: Vec::new() };
    Run { evidence, rules }.at("1.31.0-lab")
}

#[test]
fn calls_that_end_well_conform_and_exercise_their_layers_over_both_families() {
    for order in ORDERS {
        let report = green(order).judge();
        assert_eq!(report.conclusion, Conclusion::Conforms, "{}", report.reason);
        assert!(report.gaps.is_empty(), "{:?}", report.gaps);
        let layers: BTreeSet<Layer> = OF_CALLS.into_iter().map(layer_of).collect();
        assert_eq!(report.ledger.rows().iter().map(|row| row.layer).collect::<BTreeSet<_>>(), layers);
        for row in report.ledger.rows() {
            assert!(row.exercised.iter().all(|(_, count)| *count > 0), "{row:?}");
            assert_eq!(row.exercised, row.held);
        }
    }
}

#[test]
fn each_fault_of_a_call_is_red_in_its_trials_and_blamed_on_the_lowest_layer_that_shows_the_place() {
    for order in ORDERS {
        let green = green(order);
        for mutant in FAULTS {
            let report = green.clone().with(|run| (mutant.mutate)(&mut run.evidence)).judge();
            let what = mutant.what;
            assert_eq!(report.conclusion, Conclusion::DoesNotConform, "{what}: {}", report.reason);
            let failed = report.results.iter().filter(|result| result.verdict == Verdict::Fail);
            let failed: Vec<&str> = failed.map(|result| result.check.as_str()).collect();
            assert_eq!(failed.iter().collect::<BTreeSet<_>>(), mutant.red.iter().collect(), "{what}");
            assert!(!report.diagnoses.is_empty(), "{what}");
            // These say that a call was lost, and not where: `traced.rs` has their places.
            let shown = mutant.red.iter().filter(|key| !["K01", "K02", "K03", "K17"].contains(key));
            if let Some(lowest) = shown.map(|key| layer_of(key)).min() {
                let blamed = report.diagnoses.iter().map(|diagnosis| diagnosis.layer).min();
                assert_eq!(blamed, Some(lowest), "{what}: {:#?}", report.diagnoses);
            }
        }
    }
}

#[test]
fn calls_that_were_not_made_are_lost_and_a_matrix_of_one_family_claims_that_one_alone() {
    let dual = green(ORDERS[0]).only(&["K19"]);
    let report = dual.clone().with(|run| run.evidence.testimonies.retain(|told| told.cell.contains("name-a/"))).judge();
    assert_eq!(report.conclusion, Conclusion::Inconclusive, "{}", report.reason);

    let single = dual.with(|run| {
        let matrix = run.rules.scenarios[0].matrix.as_mut().unwrap_or_else(|| panic!("no matrix"));
        matrix.targets.retain(|target| target.kind == TargetKind::SingleV4);
        assert_eq!(matrix.targets.len(), 1);
    });
    assert_eq!(single.judge().conclusion, Conclusion::Conforms);
}
