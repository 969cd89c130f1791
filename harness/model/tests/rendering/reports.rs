//! Reports of every kind, and texts that try to break out of them.

use dualproof_model::evidence::{CallStage, Failure, FailureKind, Missing, StageTiming, Wait};
use dualproof_model::family::FamilyOrder;
use dualproof_model::judge;
use dualproof_model::plan::{Cell, MeshKind};
use dualproof_model::report::Report;
use dualproof_model::spec;
use dualproof_model::verdict::Verdict;

use crate::lab::{CLIENT, SERVER, World, listener, proxy};
use crate::run::{CLUSTER, ECHO, Run};

/// What a server could reply, a tool could print and a person could write.
pub(crate) const WICKED: &str = "hello a|b \\| c\r\nd\te <x a=\"1\"> & 'f' ]]> --> \u{1b}[31mred\u{1b}[0m \u{0}\u{7}\u{7f}\u{85}\u{9b}1m \u{fffe}\n```\n</details>\n| # ~: null ";

/// A piece of it that no rendering may lose.
pub(crate) const TAIL: &str = "# ~: null";

/// A run with every verdict that the judge gives but one.
pub(crate) fn motley() -> Run {
    Run::green(&World::seed(FamilyOrder::V4First)).with(|run| {
        let evidence = &mut run.evidence;
        evidence.objects.nodes[0].internal_ips.truncate(1);
        listener(evidence, CLIENT, 9000).addresses.retain(|address| address.ip.is_ipv4());
        proxy(evidence, SERVER).redirect.iter_mut().for_each(|log| log.inbound_ipv6 = Some(false));
        for call in evidence.calls.iter_mut().filter(|call| call.stage == CallStage::Mesh) {
            (call.stdout, call.stderr) = (WICKED.replace("hello", "hey"), WICKED.to_owned());
        }
        evidence.sync = None;
        evidence.manifest.missing = vec![Missing { what: "mesh/syncz.json".to_owned(), why: WICKED.to_owned() }];
        evidence.manifest.selected.push((CLUSTER.to_owned(), "K13".to_owned()));
        evidence.manifest.selected.push(("seed/gh|ost\n<b>".to_owned(), "K|06".to_owned()));
        evidence.manifest.skipped = vec![(ECHO.to_owned(), "K99".to_owned(), WICKED.to_owned())];
        evidence.manifest.settings = [("profile".to_owned(), WICKED.to_owned()), ("a".to_owned(), "1.30".to_owned())].into();
        evidence.manifest.files = [("objects/pods.json".to_owned(), "0e10".to_owned())].into();
        evidence.timings.stages = vec![StageTiming {
            stage: "cluster".to_owned(),
            start_millis: 1,
            end_millis: 1 << 40,
            critical: false,
            result: WICKED.to_owned(),
            waits: vec![Wait { condition: "ready".to_owned(), millis: 7, last_status: "null".to_owned() }],
        }];
        let text = "deviations:\n\
            - {scenario: seed/echo, check: K14, versions: {first: '1.31', last: '1.31'}, issue: i#1, reason: r, expires: 2027-01-01}\n\
            - {scenario: seed/echo, check: K43, versions: {first: '1.31', last: '1.31'}, issue: i#2, reason: r, expires: 2027-01-01}\n";
        run.rules.deviations = spec::deviations("d.yaml", text).unwrap_or_else(|error| panic!("{error}"));
        run.rules.deviations.iter_mut().for_each(|deviation| deviation.reason = WICKED.to_owned());
    })
}

fn failure() -> Failure {
    let (stage, kind) = ("mesh-install".to_owned(), FailureKind::Inconclusive);
    Failure { stage, kind, what: WICKED.to_owned(), hint: WICKED.to_owned() }
}

/// Every kind of report, by what it is.
pub(crate) fn all() -> Vec<(&'static str, Report)> {
    let green = || Run::green(&World::seed(FamilyOrder::V6First));
    let mut flaky = motley().judge();
    // No judge sees one commit twice; a gate that does says flaky.
    if let Some(result) = flaky.results.iter_mut().find(|result| result.verdict == Verdict::Pass) {
        (result.verdict, result.reason) = (Verdict::Flaky, WICKED.to_owned());
        flaky.statistics.entry(Verdict::Pass).and_modify(|count| *count -= 1);
        flaky.statistics.entry(Verdict::Flaky).and_modify(|count| *count += 1);
    }
    vec![
        ("green", green().judge()),
        ("motley", motley().judge()),
        ("flaky", flaky),
        ("failed", motley().with(|run| run.evidence.manifest.failure = Some(failure())).judge()),
        ("left behind", green().with(|run| run.evidence.manifest.remains = Some(failure())).judge()),
        ("lost", green().with(|run| run.evidence.proxies.clear()).judge()),
        ("of no version", green().at("latest").judge()),
        (
            "gap",
            green()
                .only(&["K06"])
                .with(|run| {
                    run.evidence.objects.pods.iter_mut().for_each(|pod| pod.ips.retain(std::net::IpAddr::is_ipv6));
                    for listener in run.evidence.proxies.iter_mut().flat_map(|proxy| &mut proxy.listeners) {
                        listener.addresses.retain(|address| address.ip.is_ipv6());
                    }
                })
                .judge(),
        ),
        (
            "of no mesh",
            green().only(&["K41", "K42"]).with(|run| run.evidence.manifest.cell.mesh = MeshKind::None).judge(),
        ),
        ("vacuous", green().only(&[]).judge()),
        ("refused", judge::refused(Cell::default(), failure(), Default::default(), "2026-10-01T08:00:00Z".to_owned())),
    ]
}

#[test]
fn the_reports_of_these_tests_have_every_verdict_and_conclusion_that_there_is_to_render() {
    let reports = all();
    for verdict in Verdict::ALL {
        let has = |report: &Report| report.results.iter().any(|result| result.verdict == verdict);
        assert!(reports.iter().any(|(_, report)| has(report)), "{verdict}");
    }
    assert!(reports.iter().any(|(_, report)| !report.gaps.is_empty()));
    let wicked = reports[1].1.results.iter().flat_map(|result| &result.findings);
    assert!(wicked.into_iter().any(|finding| finding.seen.contains(TAIL) && finding.seen.contains('\u{1b}')));
}
