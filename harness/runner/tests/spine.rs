//! The spine over a fake driver that plays a recorded bundle back: one named case for each stage that can fail.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fake;
mod trouble;

use dualproof_model::evidence::FailureKind;
use dualproof_model::report::{Conclusion, Report};
use dualproof_model::verdict::Verdict;
use dualproof_runner::session::judge_bundle;
use dualproof_runner::stage::Stage;

use fake::{Fake, Played, play, play_often, play_to_any_end};

/// Asserts what every failed run owes: the right stage, no stage after it, diagnosis, clean-up, and a bundle that judges the same.
fn failed(stage: Stage, kind: FailureKind, conclusion: Conclusion) -> (Played, Report) {
    let played = play(Fake::failing(stage, kind));
    let report = played.report.clone();
    let failure = report.failure.clone().unwrap();
    assert_eq!((failure.stage.as_str(), failure.kind), (stage.as_str(), kind));
    assert_eq!(failure.what, format!("{stage} broke in <the run's folder>/x"));
    assert_eq!(failure.hint, "mend it");
    assert_eq!(report.conclusion, conclusion);
    let ran = played.fake.ran();
    assert_eq!(ran.last(), Some(&Stage::Close), "what was made is removed: {ran:?}");
    assert!(ran.iter().all(|ran| *ran <= stage || *ran == Stage::Close), "nothing runs after the failure: {ran:?}");
    assert_eq!(played.fake.diagnosed(), [stage]);
    assert!(!report.results.is_empty(), "every trial is in the report");
    assert!(
        report.results.iter().all(|result| result.verdict != Verdict::Fail),
        "trouble on the way is never the mesh's failure"
    );
    let again = judge_bundle(&played.bundle(), &played.rules()).unwrap();
    assert_eq!(again, report, "the bundle says the same without a cluster");
    assert!(report.timings.iter().any(|timing| timing.stage == stage.as_str() && timing.result != "ok"));
    (played, report)
}

#[test]
fn a_recorded_good_run_conforms_and_runs_every_stage_in_order() {
    let played = play(Fake::good());
    assert_eq!(played.report.conclusion, Conclusion::Conforms, "{}", dualproof_model::report::text(&played.report));
    assert_eq!(played.fake.ran(), Stage::ALL);
    assert!(played.fake.diagnosed().is_empty());
    assert!(played.report.failure.is_none());
}

#[test]
fn prepare_fails() {
    failed(Stage::Prepare, FailureKind::InvalidEnvironment, Conclusion::InvalidEnvironment);
}

#[test]
fn prepare_refuses_bad_input() {
    failed(Stage::Prepare, FailureKind::BadInput, Conclusion::BadInput);
}

#[test]
fn cluster_fails() {
    failed(Stage::Cluster, FailureKind::InvalidEnvironment, Conclusion::InvalidEnvironment);
}

#[test]
fn images_fail() {
    failed(Stage::Images, FailureKind::Inconclusive, Conclusion::Inconclusive);
}

#[test]
fn baseline_fails() {
    failed(Stage::Baseline, FailureKind::Inconclusive, Conclusion::Inconclusive);
}

#[test]
fn mesh_fails() {
    failed(Stage::Mesh, FailureKind::Inconclusive, Conclusion::Inconclusive);
}

#[test]
fn workloads_fail() {
    failed(Stage::Workloads, FailureKind::Inconclusive, Conclusion::Inconclusive);
}

#[test]
fn converge_fails() {
    failed(Stage::Converge, FailureKind::Inconclusive, Conclusion::Inconclusive);
}

#[test]
fn calls_fail() {
    failed(Stage::Calls, FailureKind::Inconclusive, Conclusion::Inconclusive);
}

#[test]
fn collect_fails() {
    failed(Stage::Collect, FailureKind::Inconclusive, Conclusion::Inconclusive);
}

#[test]
fn close_fails_after_a_good_run_and_the_report_says_what_remains_and_loses_no_verdict() {
    let played = play(Fake::failing(Stage::Close, FailureKind::Inconclusive));
    let report = &played.report;
    assert_eq!(report.conclusion, Conclusion::Conforms);
    assert!(report.failure.is_none());
    let remains = report.remains.as_ref().unwrap();
    assert_eq!(
        (remains.stage.as_str(), remains.what.as_str(), remains.hint.as_str()),
        ("close", "close broke in <the run's folder>/x", "mend it")
    );
    let told = dualproof_model::report::text(report);
    assert!(told.contains("left behind by stage close: close broke in <the run's folder>/x\nhint: mend it"), "{told}");
    assert_eq!(judge_bundle(&played.bundle(), &played.rules()).unwrap(), *report);
}

#[test]
fn a_cluster_that_is_not_dual_ends_before_the_mesh() {
    let played = play(Fake::single_stack_nodes());
    let report = &played.report;
    assert_eq!(report.conclusion, Conclusion::InvalidEnvironment);
    assert!(!played.fake.ran().contains(&Stage::Mesh), "no mesh is installed on it");
    let k41 = report.results.iter().find(|result| result.check == "K41").unwrap();
    assert_eq!(k41.verdict, Verdict::InvalidEnvironment);
    assert!(report.results.iter().all(|result| result.verdict == Verdict::InvalidEnvironment));
    let failure = report.failure.as_ref().unwrap();
    assert!(failure.what.contains("IPv6") || failure.what.contains("podCIDRs"), "{}", failure.what);
    assert!(!failure.hint.is_empty());
}

#[test]
fn a_cluster_that_turns_out_not_to_be_dual_ends_the_mesh_s_install_beside_it() {
    let played = play(Fake::single_stack_nodes().slowly(Stage::Baseline).stuck_in(Stage::Mesh));
    let report = &played.report;
    assert_eq!(report.conclusion, Conclusion::InvalidEnvironment);
    assert_eq!(report.failure.as_ref().unwrap().stage, "baseline");
    let ran = played.fake.ran();
    assert!(ran.contains(&Stage::Mesh) && !ran.contains(&Stage::Workloads), "{ran:?}");
    let mesh = report.timings.iter().find(|timing| timing.stage == "mesh").unwrap();
    assert_eq!(mesh.result, "left, because the baseline failed");
}

#[test]
fn a_mesh_that_fails_on_a_cluster_that_is_not_dual_is_not_blamed() {
    let good_cluster = play(Fake::failing(Stage::Mesh, FailureKind::Inconclusive).slowly(Stage::Baseline));
    assert_eq!(good_cluster.report.failure.as_ref().unwrap().stage, "mesh");
    let both = Fake::failing(Stage::Mesh, FailureKind::Inconclusive).on_single_stack_nodes().slowly(Stage::Baseline);
    let played = play(both);
    assert_eq!(played.report.conclusion, Conclusion::InvalidEnvironment);
    assert_eq!(played.report.failure.as_ref().unwrap().stage, "baseline");
}

#[test]
fn a_baseline_slower_than_the_mesh_is_waited_for() {
    let played = play(Fake::good().slowly(Stage::Baseline));
    assert_eq!(played.report.conclusion, Conclusion::Conforms);
    assert_eq!(played.fake.ran().len(), Stage::ALL.len());
}

#[test]
fn an_interrupt_wins_over_a_stage_that_hangs_and_cleans() {
    let played = play(Fake::hanging(Stage::Workloads));
    assert_eq!(played.report.conclusion, Conclusion::Interrupted);
    assert_eq!(played.report.failure.as_ref().unwrap().stage, "workloads");
    assert_eq!(played.fake.ran().last(), Some(&Stage::Close));
    assert!(!played.fake.ran().contains(&Stage::Calls));
}

#[test]
fn a_cell_that_reads_the_same_each_time_stays_as_it_is_and_leaves_one_bundle() {
    let played = play_often(Fake::good(), 4);
    assert_eq!(played.report.conclusion, Conclusion::Conforms);
    assert_eq!(played.report.readings, 4);
    assert_eq!(played.fake.ran().iter().filter(|stage| **stage == Stage::Collect).count(), 4);
    assert_eq!(played.fake.ran().iter().filter(|stage| **stage == Stage::Mesh).count(), 1, "nothing is made again");
    let beside: Vec<_> = std::fs::read_dir(played.bundle().parent().unwrap()).unwrap().collect();
    assert_eq!(beside.len(), 1, "{beside:?}");
}

#[test]
fn a_verdict_that_changes_is_flaky_and_red_and_keeps_its_evidence() {
    let played = play_often(Fake::forgetting_sync_in(3), 4);
    let report = &played.report;
    assert_eq!(report.conclusion, Conclusion::DoesNotConform);
    let flaky: Vec<_> = report.results.iter().filter(|result| result.verdict == Verdict::Flaky).collect();
    assert_eq!(flaky.len(), 3, "K07 of each scenario: {flaky:?}");
    assert!(flaky.iter().all(|result| result.check == "K07"));
    assert_eq!(flaky[0].reason, "pass at first, otherwise in 1 of 3 further readings, such as inconclusive");
    let kept = played.bundle().with_file_name("repeat-3");
    let again = judge_bundle(&kept, &played.rules()).unwrap();
    assert_eq!(again.conclusion, Conclusion::Inconclusive, "the reading that differed can be judged");
    assert_eq!(judge_bundle(&played.bundle(), &played.rules()).unwrap(), *report);
}

#[test]
fn an_output_folder_that_goes_away_loses_the_report_and_never_the_clean_up() {
    for stage in [Stage::Cluster, Stage::Workloads, Stage::Collect] {
        let (ran, report) = play_to_any_end(&Fake::doing(stage, |bundle| std::fs::remove_dir_all(bundle).unwrap()));
        assert!(report.is_err(), "{stage}: there is nothing left to judge");
        assert_eq!(ran.last(), Some(&Stage::Close), "{stage}: {ran:?}");
    }
}
