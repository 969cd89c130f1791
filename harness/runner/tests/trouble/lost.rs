//! Evidence that could not be had when all was collected.

use dualproof_model::report::Conclusion;
use dualproof_model::verdict::{Finding, Verdict};
use dualproof_runner::session::judge_bundle;
use dualproof_runner::stage::Stage;

use crate::fake::{Fake, Played, play};

/// Asserts what every loss owes, and returns the checks that have no verdict, sorted, each once.
fn inconclusive(played: &Played, why: &str) -> Vec<String> {
    let report = &played.report;
    assert_eq!(report.conclusion, Conclusion::Inconclusive, "{why}");
    assert!(report.failure.is_none(), "{why}: the run went on");
    assert_eq!(played.fake.ran(), Stage::ALL, "{why}");
    assert!(report.missing.iter().any(|missing| missing.why == why), "{:?}", report.missing);
    assert_eq!(judge_bundle(&played.bundle(), &played.rules()).unwrap(), *report, "{why}");
    let mut without = Vec::new();
    for result in &report.results {
        match result.verdict {
            Verdict::Pass | Verdict::NotApplicable => {}
            Verdict::Inconclusive => without.push(result.check.clone()),
            other => panic!("{why}: {} is {other}", result.name),
        }
    }
    let says = |finding: &Finding| finding.seen.contains(why);
    assert!(report.results.iter().any(|result| result.findings.iter().any(says)), "{why}: a finding says why");
    without.sort();
    without.dedup();
    without
}

#[test]
fn a_proxy_that_was_lost_takes_its_own_checks_along_and_no_other() {
    let why =
        "cannot get /config_dump?include_eds from port 15000 of sleep/sleep-6448b89789-cdvw9: pods not found (404)";
    let played = play(Fake::losing(&[("proxies/sleep/", why)]));
    let checks = inconclusive(&played, why);
    assert!(checks.contains(&"K06".to_owned()) && checks.contains(&"K11".to_owned()), "{checks:?}");
    assert!(!checks.contains(&"K43".to_owned()) && !checks.contains(&"S01".to_owned()), "{checks:?}");
}

#[test]
fn a_list_that_could_not_be_had_again_does_not_stand_in_for_a_new_one() {
    let cases = [
        ("objects/endpointslices.json", "no answer within 30 s to: get /apis/discovery.k8s.io/v1", "K43"),
        ("objects/pods.json", "the pods changed while they were read: dual-stack/tcp-echo-1 is gone", "K06"),
        ("objects/services.json", "cannot get /api/v1/namespaces/sleep/services: connection refused", "K13"),
        ("objects/nodes.json", "cannot get /api/v1/nodes: connection refused", "K41"),
    ];
    for (path, why, check) in cases {
        // The baseline wrote the file; when all was collected it could not be had again.
        let played = play(Fake::losing(&[(path, why)]));
        let checks = inconclusive(&played, why);
        assert!(checks.contains(&check.to_owned()), "{path}: {checks:?}");
        assert!(played.bundle().join(path).exists(), "{path}: nothing that was collected is lost");
    }
}

#[test]
fn a_sync_state_that_broke_off_takes_the_acknowledgements_along() {
    let why = "mesh/syncz.json breaks off at line 1 column 1468, after 1468 bytes";
    assert_eq!(inconclusive(&play(Fake::losing(&[("mesh/syncz.json", why)])), why), ["K07"]);
}
