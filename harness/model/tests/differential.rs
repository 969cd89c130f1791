//! One matrix with a mesh and without: what is the same, what the mesh makes better and worse, which family wins.

#[expect(dead_code, unused_imports, reason = "the tests of the checks use the rest of the lab")]
mod lab;

mod differing;

use std::collections::BTreeMap;

use dualproof_model::differential::{CellDifference, Difference, Differential, End, differential};
use dualproof_model::evidence::{Evidence, Told};
use dualproof_model::family::{FamilyOrder, IpFamily, PerFamily};
use dualproof_model::report::{Conclusion, DifferenceReport};
use dualproof_model::truth::Ending;
use dualproof_wire::Outcome;

use lab::MERGED;
use lab::matrix::{MatrixWorld, answer, end, told};

const ORDERS: [FamilyOrder; 2] = [FamilyOrder::V4First, FamilyOrder::V6First];

fn compared(order: FamilyOrder, change: impl FnOnce(&mut Evidence, &mut Evidence)) -> Differential {
    let world = MatrixWorld::meshed(order);
    let (mut with, mut without) = (world.evidence(), MatrixWorld { meshed: false, ..world }.evidence());
    change(&mut with, &mut without);
    let matrix = world.scenario().matrix.unwrap_or_else(|| panic!("no matrix"));
    differential(&matrix, &with, &without, &MERGED)
}

fn cell<'a>(all: &'a Differential, id: &str) -> &'a CellDifference {
    all.cells.iter().find(|cell| cell.cell == id).unwrap_or_else(|| panic!("no {id}"))
}

#[test]
fn a_healthy_mesh_differs_where_the_truth_table_says_and_nowhere_else() {
    for order in ORDERS {
        let all = compared(order, |_, _| {});
        assert_eq!(all.unstated_regressions().count(), 0);
        let counts = all.counts();
        assert_eq!(counts.get(&Difference::Unknown), None);
        assert_eq!(counts.values().sum::<usize>(), all.cells.len());
        // An application on one family is reached from a meshed client whichever clusterIP is dialled when that is podIPs[0]'s.
        let (bound, dialled) = match order.primary() {
            IpFamily::IPv4 => ("9001-second-tcp-v4-any", "v6"),
            IpFamily::IPv6 => ("9002-second-tcp-v6-only", "v4"),
        };
        let better = cell(&all, &format!("meshed/agents.dual-v6v4/{bound}/cluster-ip/{dialled}"));
        assert_eq!((better.difference, better.must_answer), (Difference::MeshBetter, Some(true)));
        let (bound, dialled) = match order.primary() {
            IpFamily::IPv4 => ("9002-second-tcp-v6-only", "v6"),
            IpFamily::IPv6 => ("9001-second-tcp-v4-any", "v4"),
        };
        let worse = cell(&all, &format!("meshed/agents.dual-v6v4/{bound}/cluster-ip/{dialled}"));
        assert_eq!((worse.difference, worse.must_answer), (Difference::MeshRegressed, Some(false)));
        let strict = cell(&all, "naked/agents-strict.dual-v6v4/9000-declared-tcp-dual-any/pod-ip-0/v6");
        assert_eq!((strict.difference, strict.must_answer), (Difference::MeshRegressed, Some(false)));
        assert_eq!(strict.with.to_string(), "closed");
        assert_eq!(strict.without.to_string(), "answered, IPv6 to IPv6");
        let naked = all.cells.iter().filter(|cell| cell.cell.starts_with("naked/agents-naked."));
        assert!(naked.clone().count() > 20 && naked.into_iter().all(|cell| cell.difference == Difference::Same));
    }
}

#[test]
fn the_family_that_wins_is_the_clients_choice_and_behind_a_mesh_the_first_podip() {
    for order in ORDERS {
        let all = compared(order, |_, _| {});
        // A client takes IPv6 first where the name has it, and falls back where a naked server refuses it.
        let of = |won: &PerFamily<usize>| (won.v4, won.v6);
        assert_eq!(
            of(&all.won_without.dialled),
            of(&all.won_without.arrived),
            "without a mesh nobody changes the family"
        );
        assert!(all.won_without.dialled.v6 > all.won_without.dialled.v4);
        let primary = *all.won_with.arrived.get(order.primary());
        match order.primary() {
            IpFamily::IPv4 => assert!(primary > all.won_without.arrived.v4, "{:?}", all.won_with),
            IpFamily::IPv6 => assert!(primary > *all.won_with.arrived.get(IpFamily::IPv4), "{:?}", all.won_with),
        }
        let both = all.cells.iter().filter(|cell| cell.cell.ends_with("/name-both/any")).count();
        for won in [&all.won_with, &all.won_without] {
            assert_eq!(won.arrived.v4 + won.arrived.v6 + won.unanswered + won.lost, both);
        }
    }
}

#[test]
fn a_call_that_the_mesh_loses_is_a_regression_that_nobody_states() {
    let id = "meshed/agents.dual-v6v4/9000-declared-tcp-dual-any/cluster-ip/v6";
    let all = compared(ORDERS[0], |with, _| {
        told(with, &[id]).into_iter().for_each(|call| end(call, &Outcome::Reset));
    });
    let news: Vec<_> = all.unstated_regressions().collect();
    assert_eq!(news.len(), 1);
    assert_eq!((news[0].cell.as_str(), &news[0].with), (id, &End::Ended(Ending::Reset)));
    let all = compared(ORDERS[0], |_, without| {
        told(without, &[id]).into_iter().for_each(|call| end(call, &Outcome::Timeout));
    });
    assert_eq!(cell(&all, id).difference, Difference::MeshBetter);
}

#[test]
fn an_impostors_answer_is_none() {
    let id = "meshed/agents.single-v4/9000-declared-tcp-dual-any/cluster-ip/v4";
    type Spoil = fn(&mut dualproof_wire::Answer);
    let spoils: [Spoil; 4] = [
        |answer| answer.run = "run-0".to_owned(),
        |answer| answer.pod = "impostor".to_owned(),
        |answer| answer.uid = "uid-0".to_owned(),
        |answer| answer.token = Some("token-x".to_owned()),
    ];
    for spoil in spoils {
        let all = compared(ORDERS[1], |with, _| {
            told(with, &[id]).into_iter().for_each(|call| answer(call, spoil));
        });
        assert_eq!(cell(&all, id).with, End::Ended(Ending::Stranger));
        assert_eq!(cell(&all, id).difference, Difference::MeshRegressed);
    }
}

#[test]
fn what_one_run_does_not_tell_is_unknown() {
    let [lost, unmade, twice, gone] = ["cluster-ip/v4", "cluster-ip/v6", "pod-ip-0/v4", "pod-ip-0/v6"]
        .map(|dial| format!("naked/agents.dual-v4v6/9000-declared-tcp-dual-any/{dial}"));
    let all = compared(ORDERS[0], |with, without| {
        told(with, &[&lost]).into_iter().for_each(|call| call.told = Told::Lost("it was killed".to_owned()));
        without.testimonies.retain(|call| call.cell != unmade);
        let mut again = told(with, &[&twice])[0].clone();
        end(&mut again, &Outcome::Reset);
        with.testimonies.push(again);
        for pod in without.objects.pods.iter_mut().filter(|pod| pod.meta.namespace == "agents") {
            pod.ips.retain(std::net::IpAddr::is_ipv4);
        }
    });
    for (id, words) in [
        (&lost, "lost: it was killed"),
        (&unmade, "did not make the call"),
        (&twice, "made the call 2 times, with different ends"),
        (&gone, "has no such call"),
    ] {
        let CellDifference { difference, with, without, .. } = cell(&all, id);
        assert_eq!(*difference, Difference::Unknown, "{id}");
        let said = [with.to_string(), without.to_string()];
        assert!(said.iter().any(|said| said.contains(words)), "{id}: {said:?}");
    }
    let counts: BTreeMap<String, usize> =
        all.counts().into_iter().map(|(difference, count)| (difference.to_string(), count)).collect();
    assert!(counts["unknown"] >= 4 && counts["same"] > counts["mesh better"], "{counts:?}");
}

#[test]
fn the_report_of_a_differential_blames_only_what_the_truth_table_does_not_state() {
    let world = MatrixWorld::meshed(ORDERS[0]);
    let (with, without) = (world.evidence(), MatrixWorld { meshed: false, ..world }.evidence());
    let report =
        |all: Differential| DifferenceReport::of_mesh(&with.manifest, &without.manifest, &[("x".to_owned(), all)]);
    let healthy = report(compared(ORDERS[0], |_, _| {}));
    assert_eq!(healthy.conclusion, Conclusion::Conforms, "{}", healthy.reason);
    assert!(
        healthy.text().contains("mesh regressed, as the truth table says") && healthy.text().contains("won withMesh")
    );
    let id = "meshed/agents.dual-v6v4/9000-declared-tcp-dual-any/cluster-ip/v6";
    let broken = report(compared(ORDERS[0], |with, _| {
        told(with, &[id]).into_iter().for_each(|call| end(call, &Outcome::Reset));
    }));
    assert_eq!(broken.conclusion, Conclusion::DoesNotConform);
    assert!(broken.text().contains(&format!("mesh regressed: {id}")), "{}", broken.text());
    let lost = report(compared(ORDERS[0], |_, without| without.testimonies.retain(|call| call.cell != id)));
    assert_eq!(lost.conclusion, Conclusion::Inconclusive);
    let nothing = DifferenceReport::of_mesh(&with.manifest, &without.manifest, &[]);
    assert_eq!(nothing.conclusion, Conclusion::Vacuous);
}
