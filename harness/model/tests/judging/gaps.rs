//! What was exercised, what was claimed, and the first layer that is broken.

use dualproof_model::evidence::{CallStage, LbEndpoint};
use dualproof_model::family::{FamilyOrder, IpFamily};
use dualproof_model::report::{Conclusion, LedgerGap, Report};
use dualproof_model::spec::{Profile, Scenario};
use dualproof_model::verdict::{Holds, Layer, Verdict};

use crate::lab::{CLIENT, SERVERS, World, listener, pod, proxy};
use crate::run::{CLUSTER, ECHO, Run, trial};

const V4: IpFamily = IpFamily::IPv4;
const V6: IpFamily = IpFamily::IPv6;

/// The exercised and held comparisons of a layer, IPv4 before IPv6.
fn row(report: &Report, layer: Layer) -> Option<[usize; 4]> {
    let row = report.ledger.rows().iter().find(|row| row.layer == layer)?;
    Some([row.exercised.v4, row.held.v4, row.exercised.v6, row.held.v6])
}

/// Takes IPv6 from every proxy: what is left is right for pods of IPv4, and the Service still claims both.
fn ipv4_proxies(run: &mut Run) {
    for name in [CLIENT, SERVERS[0], SERVERS[1]] {
        pod(&mut run.evidence, name).ips.retain(std::net::IpAddr::is_ipv4);
        for port in [9000, 9001] {
            let listener = listener(&mut run.evidence, name, port);
            listener.addresses.retain(|address| address.ip.is_ipv4());
            listener.name = format!("10.96.0.50_{port}");
        }
    }
}

#[test]
fn a_claimed_family_that_nothing_touched_is_a_gap_of_its_layer() {
    let run = Run::green(&World::seed(FamilyOrder::V4First)).only(&["K06"]).with(ipv4_proxies);
    let report = run.judge();
    assert_eq!(trial(&report, "K06").verdict, Verdict::Pass, "{:#?}", trial(&report, "K06").findings);
    assert_eq!(report.gaps, [LedgerGap { layer: Layer::Listener, family: V6 }]);
    assert_eq!(report.conclusion, Conclusion::DoesNotConform);
    assert!(report.reason.contains("listener") && report.reason.contains("IPv6"), "{}", report.reason);
    // The same evidence under a claim of IPv4 alone owes nothing.
    let single = run.with(|run| {
        let world = World::seed(FamilyOrder::V4First).serving(&[V4]);
        run.rules.scenarios = vec![world.scenario()];
    });
    assert_eq!(single.judge().gaps, []);
}

#[test]
fn the_cluster_owes_both_families_though_it_claims_no_service() {
    let run = Run::green(&World::seed(FamilyOrder::V6First)).only(&["K41"]);
    let report = run.judge();
    let [v4, held_v4, v6, held_v6] = row(&report, Layer::Environment).unwrap_or_default();
    assert!(v4 > 0 && v4 == held_v4 && v6 > 0 && v6 == held_v6, "{report:#?}");
    assert_eq!((report.gaps.len(), report.conclusion), (0, Conclusion::Conforms));
}

#[test]
fn what_has_no_meaning_is_good_and_claims_nothing() {
    let run = Run::green(&World::seed(FamilyOrder::V4First).serving(&[V4])).only(&["K41", "K12"]);
    let report = run.judge();
    let orders = trial(&report, "K12");
    assert_eq!(orders.verdict, Verdict::NotApplicable);
    assert!(!orders.reason.is_empty() && orders.findings.is_empty());
    assert_eq!(row(&report, Layer::Endpoint), Some([0; 4]));
    assert_eq!((report.gaps.len(), report.conclusion), (0, Conclusion::Conforms), "{}", report.reason);
    assert_eq!(report.statistics[&Verdict::NotApplicable], 1);
    assert!(report.profiles.iter().all(|profile| profile.good));
}

#[test]
fn a_reply_by_name_claims_a_family_only_where_the_service_has_one() {
    for (service, owed) in [(vec![V6, V4], [0, 0]), (vec![V4], [1, 0]), (vec![V6], [0, 1])] {
        let run = Run::green(&World::seed(FamilyOrder::V4First).serving(&service)).only(&["S01"]);
        let report = run.judge();
        let [v4, held_v4, v6, held_v6] = row(&report, Layer::Application).unwrap_or_default();
        assert_eq!(([v4, v6], [held_v4, held_v6]), (owed, owed), "{service:?}");
        assert_eq!((report.gaps.len(), report.conclusion), (0, Conclusion::Conforms), "{service:?}: {}", report.reason);
        let elsewhere = run.with(|run| {
            let calls = run.evidence.calls.iter_mut().filter(|call| call.stage == CallStage::Mesh);
            calls.for_each(|call| call.target.name = "another".to_owned());
        });
        let gaps: Vec<IpFamily> = elsewhere.judge().gaps.iter().map(|gap| gap.family).collect();
        let single = if service.len() == 1 { service.clone() } else { Vec::new() };
        assert_eq!(gaps, single, "a reply of another Service proves no family of {service:?}");
    }
}

#[test]
fn lost_and_broken_comparisons_are_counted_for_what_they_are() {
    let green = Run::green(&World::seed(FamilyOrder::V4First)).only(&["K06"]);
    let before = row(&green.judge(), Layer::Listener).unwrap_or_default();
    assert!(before[2] > 0);
    let broken = green.clone().with(|run| {
        listener(&mut run.evidence, CLIENT, 9000).addresses.retain(|address| address.ip.is_ipv4());
    });
    let after = row(&broken.judge(), Layer::Listener).unwrap_or_default();
    assert_eq!([after[0], after[2]], [before[0], before[2]], "a broken comparison was made");
    assert!(after[3] < before[3], "and does not hold: {after:?}");
    let lost = green.with(|run| run.evidence.proxies.clear());
    assert_eq!(row(&lost.judge(), Layer::Listener), Some([0; 4]), "without evidence none was made");
    // A lost call has a family all the same.
    let cluster = Run::green(&World::seed(FamilyOrder::V4First)).only(&["K41"]);
    let lost = cluster.clone().with(|run| run.evidence.calls.clear()).judge();
    let told = trial(&lost, "K41").findings.iter().filter(|finding| finding.holds == Holds::Unknown);
    assert!(told.filter(|finding| finding.family == Some(V6)).count() > 0);
    let [before, after] = [cluster.judge(), lost].map(|report| row(&report, Layer::Environment).unwrap_or_default());
    assert!(after[0] < before[0] && after[2] < before[2], "{before:?} {after:?}");
    assert_eq!([after[0], after[2]], [after[1], after[3]], "what is left holds");
}

#[test]
fn trials_are_counted_once_each_as_a_whole_and_by_profile() {
    let run = Run::green(&World::seed(FamilyOrder::V4First)).with(|run| {
        listener(&mut run.evidence, CLIENT, 9000).addresses.clear();
        run.evidence.sync = None;
        // What an extended scenario asks for may be left out: its trials say nothing of the core.
        let scenarios = run.rules.scenarios.iter_mut().filter(|scenario| scenario.name == ECHO);
        scenarios.for_each(|scenario| scenario.profile = Profile::Extended);
    });
    let report = run.judge();
    let count = |verdict| report.results.iter().filter(|trial| trial.verdict == verdict).count();
    for verdict in Verdict::ALL {
        assert_eq!(report.statistics.get(&verdict), Some(&count(verdict)), "{verdict}");
        let by_profile: usize = report.profiles.iter().map(|profile| profile.statistics[&verdict]).sum();
        assert_eq!(by_profile, count(verdict), "{verdict}");
    }
    let profiles: Vec<_> = report.profiles.iter().map(|profile| (profile.name, profile.good)).collect();
    assert_eq!(profiles, [(Profile::Core, true), (Profile::Extended, false)], "{:#?}", report.profiles);
    let extended = report.results.iter().filter(|trial| trial.profile == Profile::Extended);
    assert!(extended.clone().count() == 13 && extended.into_iter().all(|trial| trial.scenario == ECHO));
}

#[test]
fn the_lowest_broken_layer_of_each_scenario_and_family_is_blamed() {
    let run = Run::green(&World::seed(FamilyOrder::V4First)).with(|run| {
        let evidence = &mut run.evidence;
        // IPv6 is lost in a listener, a cluster and an endpoint, IPv4 in an endpoint alone, the reply over neither.
        listener(evidence, CLIENT, 9000).addresses.retain(|address| address.ip.is_ipv4());
        proxy(evidence, SERVERS[0]).redirect.iter_mut().for_each(|log| log.inbound_ipv6 = Some(false));
        for load in &mut proxy(evidence, CLIENT).endpoints {
            load.endpoints = vec![LbEndpoint { addresses: Vec::new(), health: "HEALTHY".to_owned() }];
        }
        evidence.calls.iter_mut().filter(|call| call.stage == CallStage::Mesh).for_each(|call| call.stdout.clear());
        // The same Service under another scenario, whose reply alone is judged.
        let other = Scenario { name: "seed/other".to_owned(), ..run.rules.scenarios[1].clone() };
        let call = evidence.calls.iter().find(|call| call.stage == CallStage::Mesh).cloned();
        evidence.calls.extend(call.map(|mut call| {
            (call.scenario, call.id) = (other.name.clone(), format!("{}/by-name", other.name));
            call
        }));
        evidence.manifest.selected.push((other.name.clone(), "S01".to_owned()));
        evidence.objects.nodes[0].internal_ips.retain(std::net::IpAddr::is_ipv4);
        run.rules.scenarios.push(other);
    });
    let backwards = run.clone().with(|run| run.evidence.manifest.selected.reverse());
    let blamed = |report: &Report| -> Vec<(String, Option<IpFamily>, Layer)> {
        for diagnosis in &report.diagnoses {
            let judged = report.results.iter().filter(|trial| trial.scenario == diagnosis.scenario);
            let mut judged = judged.filter(|trial| trial.check == diagnosis.check && trial.layer == diagnosis.layer);
            assert!(judged.any(|trial| trial.findings.contains(&diagnosis.finding)), "{diagnosis:#?}");
        }
        report.diagnoses.iter().map(|one| (one.scenario.clone(), one.family, one.layer)).collect()
    };
    let expected = [(CLUSTER, V6, Layer::Environment), (ECHO, V4, Layer::Endpoint), (ECHO, V6, Layer::Listener)];
    for run in [run, backwards] {
        let seen = blamed(&run.judge());
        let of_family: Vec<_> = seen
            .iter()
            .filter_map(|(scenario, family, layer)| family.map(|family| (scenario.as_str(), family, *layer)))
            .collect();
        assert_eq!(of_family, expected);
        assert!(seen.contains(&("seed/other".to_owned(), None, Layer::Application)), "{seen:?}");
    }
}

#[test]
fn nothing_is_blamed_where_nothing_is_broken() {
    let green = Run::green(&World::seed(FamilyOrder::V4First));
    assert_eq!(green.judge().diagnoses, []);
    assert_eq!(green.with(|run| run.evidence.proxies.clear()).judge().diagnoses, []);
}
