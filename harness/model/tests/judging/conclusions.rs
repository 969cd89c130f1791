//! What a run comes to, and which of several reasons wins.

use dualproof_model::evidence::{CallStage, Failure, FailureKind};
use dualproof_model::family::{FamilyOrder, IpFamily};
use dualproof_model::report::Conclusion;
use dualproof_model::spec::Deviation;
use dualproof_model::verdict::Verdict;

use crate::lab::{CLIENT, World, listener};
use crate::run::{ECHO, Run, trial};

/// What is done to a green run of a SingleStack Service, what it then comes to, and words of its reason.
type Case = (&'static str, fn(&mut Run), Conclusion, &'static [&'static str]);

fn break_cluster(run: &mut Run) {
    run.evidence.objects.nodes[0].internal_ips.truncate(1);
}

fn break_mesh(run: &mut Run) {
    listener(&mut run.evidence, CLIENT, 9000).addresses.clear();
}

fn lose_dumps(run: &mut Run) {
    run.evidence.proxies.clear();
}

/// A needless deviation for a check that the other changes leave alone.
fn be_needless(run: &mut Run) {
    let text = "deviations:\n- {scenario: seed/echo, check: K43, versions: {first: '1.31', last: '1.31'}, issue: i#1, reason: r, expires: 2027-01-01}\n";
    let read = dualproof_model::spec::deviations("deviations.yaml", text);
    run.rules.deviations = read.unwrap_or_else(|error| panic!("{error}"));
}

/// Calls another Service than the claimed one, so that no reply proves the claimed family.
fn call_elsewhere(run: &mut Run) {
    for call in run.evidence.calls.iter_mut().filter(|call| call.stage == CallStage::Mesh) {
        call.target.name = "another".to_owned();
    }
}

fn end(run: &mut Run, kind: FailureKind) {
    run.evidence.manifest.failure = Some(Failure {
        stage: "workloads".to_owned(),
        kind,
        what: "pods did not start".to_owned(),
        hint: "look".to_owned(),
    });
}

fn everything_wrong(run: &mut Run) {
    for change in [break_cluster, break_mesh, be_needless, call_elsewhere] {
        change(run);
    }
    run.evidence.sync = None;
}

const CASES: &[Case] = &[
    ("nothing is wrong", |_| (), Conclusion::Conforms, &["hold"]),
    (
        "the run failed on bad input, and all else is wrong",
        |run| {
            everything_wrong(run);
            end(run, FailureKind::BadInput);
        },
        Conclusion::BadInput,
        &["workloads"],
    ),
    (
        "the run failed in its environment, and all else is wrong",
        |run| {
            everything_wrong(run);
            end(run, FailureKind::InvalidEnvironment);
        },
        Conclusion::InvalidEnvironment,
        &["workloads"],
    ),
    (
        "the run lost its evidence, and all else is wrong",
        |run| {
            everything_wrong(run);
            end(run, FailureKind::Inconclusive);
        },
        Conclusion::Inconclusive,
        &["workloads"],
    ),
    (
        "the run was stopped, and all else is wrong",
        |run| {
            everything_wrong(run);
            end(run, FailureKind::Interrupted);
        },
        Conclusion::Interrupted,
        &["workloads"],
    ),
    ("all but the run itself is wrong", everything_wrong, Conclusion::InvalidEnvironment, &["cluster"]),
    ("a comparison does not hold", break_mesh, Conclusion::DoesNotConform, &["1 of 14", "red"]),
    ("a deviation is no longer needed", be_needless, Conclusion::DoesNotConform, &["1 of 14", "red"]),
    (
        "a comparison does not hold, and evidence is lost",
        |run| {
            break_mesh(run);
            run.evidence.sync = None;
        },
        Conclusion::DoesNotConform,
        &["red"],
    ),
    (
        "a deviation is no longer needed, and evidence is lost",
        |run| {
            be_needless(run);
            lose_dumps(run);
        },
        Conclusion::DoesNotConform,
        &["1 of 14", "red"],
    ),
    ("dumps are lost", lose_dumps, Conclusion::Inconclusive, &["no evidence"]),
    (
        "dumps are lost, and a family was not exercised",
        |run| {
            lose_dumps(run);
            call_elsewhere(run);
        },
        Conclusion::Inconclusive,
        &["no evidence"],
    ),
    (
        "nothing was selected",
        |run| run.evidence.manifest.selected.clear(),
        Conclusion::Vacuous,
        &["no trial compared anything"],
    ),
    (
        "nothing that was selected has a meaning here",
        |run| *run = run.clone().only(&["K12"]),
        Conclusion::Vacuous,
        &["no trial compared anything"],
    ),
    ("a claimed family was not exercised", call_elsewhere, Conclusion::DoesNotConform, &["application", "IPv6"]),
    (
        "a claimed family was not exercised, and a comparison does not hold",
        |run| {
            call_elsewhere(run);
            break_mesh(run);
        },
        Conclusion::DoesNotConform,
        &["1 of 14", "red"],
    ),
];

#[test]
fn each_run_comes_to_what_weighs_most() {
    for order in [FamilyOrder::V4First, FamilyOrder::V6First] {
        for (what, change, conclusion, words) in CASES {
            let report = Run::green(&World::seed(order).serving(&[IpFamily::IPv6])).with(change).judge();
            assert_eq!(report.conclusion, *conclusion, "{what}: {}", report.reason);
            for word in *words {
                assert!(report.reason.contains(word), "{what}: `{word}` is not in `{}`", report.reason);
            }
        }
    }
}

#[test]
fn a_run_of_known_deviations_alone_is_no_vacuous_one() {
    let run = Run::green(&World::seed(FamilyOrder::V4First)).only(&["K06"]).with(|run| {
        break_mesh(run);
        be_needless(run);
        run.rules.deviations.iter_mut().for_each(|deviation: &mut Deviation| deviation.check = "K06".to_owned());
    });
    let report = run.judge();
    assert_eq!(trial(&report, "K06").verdict, Verdict::Xfail);
    assert_eq!(report.conclusion, Conclusion::Conforms, "{}", report.reason);
}

#[test]
fn what_the_rules_do_not_know_is_inconclusive_and_says_so() {
    let cases = [("seed/ghost", "K06", "seed/ghost"), (ECHO, "K99", "K99"), ("seed/ghost", "K99", "K99")];
    for (scenario, key, named) in cases {
        let run = Run::green(&World::seed(FamilyOrder::V4First));
        let known = run.judge();
        let report = run.with(|run| run.evidence.manifest.selected.push((scenario.to_owned(), key.to_owned()))).judge();
        assert_eq!(report.conclusion, Conclusion::Inconclusive, "{scenario} {key}: {}", report.reason);
        let (last, others) = report.results.split_last().unwrap_or_else(|| panic!("no trial"));
        assert_eq!(others, known.results, "the others are judged as before");
        assert_eq!(last.verdict, Verdict::Inconclusive);
        assert!(last.reason.contains(named), "{scenario} {key}: {}", last.reason);
        assert!(last.name.starts_with(&format!("{scenario}::{key}")), "{}", last.name);
        assert_eq!(report.trial(&last.name), Some(last));
    }
}
