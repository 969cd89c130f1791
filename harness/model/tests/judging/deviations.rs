//! Known deviations, and where they end.

use dualproof_model::evidence::{Failure, FailureKind};
use dualproof_model::family::FamilyOrder;
use dualproof_model::report::Conclusion;
use dualproof_model::spec;
use dualproof_model::verdict::Verdict;

use crate::lab::{CLIENT, World, listener};
use crate::run::{Run, trial};

const DEVIATIONS: &str = "deviations:\n- scenario: seed/echo\n  check: K06\n  versions: {first: 1.24.0, last: 1.24.5}\n  issue: istio/istio#55577\n  reason: the vendor ships it in May\n  expires: 2026-10-01\n";

/// A deviation of K06 in 1.24.0 to 1.24.5 that ends on 2026-10-01, with one thing replaced.
fn run(old: &str, new: &str, version: &str, day: &str) -> Run {
    assert!(DEVIATIONS.contains(old), "{old}");
    let read = spec::deviations("deviations.yaml", &DEVIATIONS.replacen(old, new, 1));
    Run::green(&World::seed(FamilyOrder::V4First)).at(version).with(|run| {
        run.rules.deviations = read.unwrap_or_else(|error| panic!("{error}"));
        run.evidence.manifest.started = day.to_owned();
    })
}

fn break_it(run: &mut Run) {
    listener(&mut run.evidence, CLIENT, 9000).addresses.clear();
}

#[test]
fn a_deviation_covers_its_check_scenario_versions_and_days_and_nothing_else() {
    let (scenario, check) = (("seed/echo", "seed/other"), ("K06", "K07"));
    let same = ("seed/echo", "seed/echo");
    let cases = [
        ("on its last day", same, "1.24.3", "2026-10-01T23:59:59Z", true),
        ("on the day after", same, "1.24.3", "2026-10-02T00:00:00Z", false),
        ("in its first version", same, "1.24.0", "2026-01-01T00:00:00Z", true),
        ("in its last version", same, "1.24.5-vendor.1", "2026-01-01T00:00:00Z", true),
        ("in the version after", same, "1.24.6", "2026-01-01T00:00:00Z", false),
        ("in a version before", same, "1.23.6", "2026-01-01T00:00:00Z", false),
        ("of another scenario", scenario, "1.24.3", "2026-01-01T00:00:00Z", false),
        ("of another check", check, "1.24.3", "2026-01-01T00:00:00Z", false),
        ("on a day that nobody wrote down", same, "1.24.3", "", false),
        ("on a day that is none", same, "1.24.3", "yesterday evening", false),
    ];
    for (what, (old, new), version, day, covers) in cases {
        let green = run(old, new, version, day);
        let broken = green.clone().with(break_it).judge();
        let broken = trial(&broken, "K06");
        assert_eq!(broken.verdict, if covers { Verdict::Xfail } else { Verdict::Fail }, "{what}: {}", broken.reason);
        assert_eq!(broken.reason.contains("the vendor ships it in May"), covers, "{what}: {}", broken.reason);
        assert_eq!(broken.reason.contains("istio/istio#55577"), covers, "{what}: {}", broken.reason);
        assert!(!broken.findings.is_empty(), "{what}: what is known is told all the same");
        let green = green.judge();
        let green = trial(&green, "K06");
        assert_eq!(green.verdict, if covers { Verdict::Xpass } else { Verdict::Pass }, "{what}: {}", green.reason);
        assert_eq!(green.reason.contains("istio/istio#55577"), covers, "{what}: {}", green.reason);
    }
}

#[test]
fn a_covered_fault_conforms_and_a_needless_deviation_does_not() {
    let green = run("K06", "K06", "1.24.3", "2026-10-01T00:00:00Z");
    let report = green.clone().with(break_it).judge();
    assert_eq!(report.conclusion, Conclusion::Conforms, "{}", report.reason);
    assert_eq!(green.judge().conclusion, Conclusion::DoesNotConform);
    let report = green.with(break_it).with(|run| run.evidence.manifest.started = "2026-10-02".to_owned()).judge();
    assert_eq!(report.conclusion, Conclusion::DoesNotConform, "{}", report.reason);
}

#[test]
fn lost_evidence_and_a_failed_run_are_no_deviation() {
    let green = run("K06", "K06", "1.24.3", "2026-10-01T00:00:00Z");
    let lost = green.clone().with(|run| run.evidence.proxies.clear()).judge();
    assert_eq!(trial(&lost, "K06").verdict, Verdict::Inconclusive);
    let failed = green.with(break_it).with(|run| {
        let (stage, what) = ("collect".to_owned(), "no space".to_owned());
        run.evidence.manifest.failure =
            Some(Failure { stage, kind: FailureKind::Inconclusive, what, hint: String::new() });
    });
    assert_eq!(trial(&failed.judge(), "K06").verdict, Verdict::Inconclusive);
}
