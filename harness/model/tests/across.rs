//! K16: clusters of both orders, judged in one go.

#[expect(dead_code, unused_imports, reason = "other tests use the rest of the lab")]
mod lab;
#[expect(dead_code, reason = "other tests use the rest of a run")]
mod run;

use dualproof_model::evidence::{Evidence, Failure, FailureKind};
use dualproof_model::family::{FamilyOrder, IpFamily};
use dualproof_model::judge::{Rules, family_orders};
use dualproof_model::report::{TrialResult, across_summary, across_text};
use dualproof_model::spec;
use dualproof_model::verdict::{Holds, Verdict};

use lab::{CLIENT, World, listener};
use run::Run;

const ORDERS: [FamilyOrder; 2] = [FamilyOrder::V4First, FamilyOrder::V6First];

/// A cell with a Service of each order: the lab's own, and another scenario that claims the other order.
fn cells() -> Vec<Run> {
    ORDERS.map(|order| Run::green(&World::seed(order)).only(&["K06", "K11", "K09"])).into()
}

fn judged(cells: &[Run]) -> TrialResult {
    let cells: Vec<(&Evidence, &Rules)> = cells.iter().map(|run| (&run.evidence, &run.rules)).collect();
    family_orders(&cells)
}

/// Services of the other order, over evidence of their own.
fn with_v4_first(mut cells: Vec<Run>) -> Vec<Run> {
    for run in &mut cells {
        let own = run.rules.scenarios.iter().find(|scenario| scenario.subject.is_some()).cloned();
        let Some(mut other) = own else { panic!("no scenario") };
        other.name = "seed/v4-first".to_owned();
        if let Some(subject) = &mut other.subject {
            subject.claim.ip_families.reverse();
        }
        run.rules.scenarios.push(other);
        run.evidence.manifest.selected.push(("seed/v4-first".to_owned(), "K11".to_owned()));
    }
    cells
}

#[test]
fn both_orders_of_clusters_and_services_pass_together() {
    let passed = judged(&with_v4_first(cells()));
    assert_eq!((passed.verdict, passed.findings.len()), (Verdict::Pass, 8), "{:#?}", passed.findings);
    for order in ["v4,v6", "v6,v4"] {
        for other in ["v4,v6", "v6,v4"] {
            let subject = format!("Services of order {order} on a cluster of order {other}");
            let families: Vec<_> = passed.findings.iter().filter(|finding| finding.subject == subject).collect();
            assert_eq!(families.len(), 2, "{subject}");
        }
    }
    let of_both = passed.findings.iter().find(|finding| finding.subject.starts_with("Services of order v6,v4"));
    assert!(of_both.is_some_and(|finding| finding.expected == "K06, K09, K11 hold"), "{:#?}", passed.findings);
    assert!(across_text(&passed).starts_with("pass across::K16-family-order-matrix::"), "{}", across_text(&passed));
}

#[test]
fn a_family_that_one_combination_lacks_is_named_with_it() {
    let mut cells = with_v4_first(cells());
    listener(&mut cells[1].evidence, CLIENT, 9000).addresses.retain(|address| address.ip.is_ipv4());
    let failed = judged(&cells);
    let broken: Vec<_> = failed.findings.iter().filter(|finding| finding.holds == Holds::No).collect();
    assert_eq!(failed.verdict, Verdict::Fail);
    let v6 = broken.iter().find(|finding| finding.family == Some(IpFamily::IPv6));
    let Some(v6) = v6 else { panic!("{broken:#?}") };
    assert_eq!(v6.subject, "Services of order v6,v4 on a cluster of order v6,v4");
    assert!(v6.seen.contains("K06: outbound listener addresses") && v6.next.contains("explain"), "{v6:#?}");
    assert!(v6.place.contains("v6-v4") && v6.place.contains("config_dump.json"), "{}", v6.place);
    assert!(broken.iter().all(|finding| finding.subject == v6.subject), "{broken:#?}");
    let (text, summary) = (across_text(&failed), across_summary(&failed));
    assert!(text.contains(&v6.subject) && summary.contains("**fail**") && summary.contains(&v6.subject), "{summary}");
}

#[test]
fn one_order_is_no_matter_and_the_reason_says_what_to_give() {
    let cells = cells();
    let alone = judged(&cells[..1]);
    assert_eq!(alone.verdict, Verdict::NotApplicable);
    assert!(alone.reason.contains("--order v4,v6 --order v6,v4"), "{}", alone.reason);
    let others: Vec<Run> = [cells[0].clone(), cells[1].clone().with(|run| run.evidence.manifest.cell.nodes = 7)].into();
    let apart = judged(&others);
    assert!(apart.verdict == Verdict::NotApplicable && apart.reason.contains("alone"), "{}", apart.reason);
}

#[test]
fn a_mesh_that_can_be_installed_on_one_order_alone_is_red() {
    let fail = |stage: &str| {
        let mut cells = with_v4_first(cells());
        cells[1].evidence.manifest.failure = Some(Failure {
            stage: stage.to_owned(),
            kind: FailureKind::Inconclusive,
            what: "istiod is not Ready".to_owned(),
            hint: String::new(),
        });
        judged(&cells)
    };
    let mesh = fail("mesh");
    assert_eq!(mesh.verdict, Verdict::Fail);
    assert!(mesh.findings.iter().any(|finding| finding.seen.contains("istiod is not Ready")), "{:#?}", mesh.findings);
    assert_eq!(fail("cluster").verdict, Verdict::Inconclusive, "nobody blames the mesh for a cluster");
}

#[test]
fn what_a_run_has_no_service_for_is_not_proven() {
    let lacking = judged(&cells());
    assert_eq!(lacking.verdict, Verdict::Inconclusive, "no Service lists IPv4 first");
    let unknown: Vec<_> = lacking.findings.iter().filter(|finding| finding.holds == Holds::Unknown).collect();
    assert!(unknown.len() == 4 && unknown.iter().all(|finding| finding.subject.starts_with("Services of order v4,v6")));
}

#[test]
fn a_known_deviation_is_not_told_again() {
    let text = "deviations:\n- {scenario: seed/echo, check: K06, versions: {first: '1.31', last: '1.31'}, issue: i#1, reason: r, expires: 2027-01-01}\n";
    let known = spec::deviations("deviations.yaml", text).unwrap_or_else(|error| panic!("{error}"));
    let mut cells = with_v4_first(cells());
    listener(&mut cells[1].evidence, CLIENT, 9000).addresses.clear();
    cells[1].rules.deviations = known;
    assert_eq!(judged(&cells).verdict, Verdict::Pass);
}
