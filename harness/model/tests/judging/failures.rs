//! A run that ended early: what can still be judged is, the rest takes the failure's verdict.

use dualproof_model::evidence::{Failure, FailureKind};
use dualproof_model::family::FamilyOrder;
use dualproof_model::judge;
use dualproof_model::plan::Cell;
use dualproof_model::report::Conclusion;
use dualproof_model::verdict::Verdict;

use crate::lab::World;
use crate::run::Run;

const KINDS: [(FailureKind, Verdict); 4] = [
    (FailureKind::BadInput, Verdict::Inconclusive),
    (FailureKind::InvalidEnvironment, Verdict::InvalidEnvironment),
    (FailureKind::Inconclusive, Verdict::Inconclusive),
    (FailureKind::Interrupted, Verdict::Inconclusive),
];

fn failure(kind: FailureKind) -> Failure {
    Failure { stage: "mesh".to_owned(), kind, what: "istiod did not come up".to_owned(), hint: String::new() }
}

fn failed(kind: FailureKind, change: impl FnOnce(&mut Run)) -> Vec<(String, Verdict, String, usize)> {
    let run = Run::green(&World::seed(FamilyOrder::V4First)).with(change);
    let report = run.with(|run| run.evidence.manifest.failure = Some(failure(kind))).judge();
    report.results.into_iter().map(|trial| (trial.check, trial.verdict, trial.reason, trial.findings.len())).collect()
}

#[test]
fn the_cluster_is_judged_by_its_baseline_and_all_else_by_the_failure() {
    for (kind, verdict) in KINDS {
        for (key, seen, reason, findings) in failed(kind, |_| ()) {
            if key == "K41" {
                assert_eq!(seen, Verdict::Pass, "{kind:?}: {reason}");
                assert!(findings > 0, "{kind:?}");
            } else {
                assert_eq!((seen, findings), (verdict, 0), "{kind:?} {key}");
                assert!(reason.contains("stage mesh"), "{key}: {reason}");
            }
        }
    }
}

#[test]
fn a_cluster_that_its_baseline_shows_broken_is_told_as_such_whatever_ended_the_run() {
    for (kind, _) in KINDS {
        let trials = failed(kind, |run| run.evidence.objects.nodes[1].internal_ips.truncate(1));
        let cluster = trials.iter().find(|(key, ..)| key == "K41").unwrap_or_else(|| panic!("no K41"));
        assert_eq!(cluster.1, Verdict::InvalidEnvironment, "{kind:?}: {}", cluster.2);
    }
}

#[test]
fn a_baseline_that_was_cut_short_proves_nothing_of_the_cluster() {
    let trials = failed(FailureKind::Interrupted, |run| run.evidence.calls.truncate(3));
    let cluster = trials.iter().find(|(key, ..)| key == "K41").unwrap_or_else(|| panic!("no K41"));
    assert_eq!(cluster.1, Verdict::Inconclusive, "{}", cluster.2);
}

#[test]
fn without_a_baseline_the_failure_speaks_for_the_cluster_too() {
    for (kind, verdict) in KINDS {
        for (key, seen, reason, findings) in failed(kind, |run| run.evidence.calls.clear()) {
            assert_eq!((seen, findings), (verdict, 0), "{kind:?} {key}");
            assert!(reason.contains("stage mesh"), "{key}: {reason}");
        }
    }
}

#[test]
fn a_refused_run_has_a_report_without_trials() {
    let conclusions =
        [Conclusion::BadInput, Conclusion::InvalidEnvironment, Conclusion::Inconclusive, Conclusion::Interrupted];
    for ((kind, _), conclusion) in KINDS.into_iter().zip(conclusions) {
        let day = "2026-10-01T08:00:00Z".to_owned();
        let report = judge::refused(Cell::default(), failure(kind), Default::default(), day.clone());
        assert_eq!((report.conclusion, report.date, report.results.len()), (conclusion, day, 0));
        assert_eq!(report.failure, Some(failure(kind)));
        assert!(report.reason.contains("stage mesh"), "{}", report.reason);
        assert!(report.statistics.values().all(|count| *count == 0));
    }
}
