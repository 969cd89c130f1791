//! The checks that ask the calls of a matrix: green in both orders, lost without evidence, short, and in words.

use std::collections::BTreeSet;

use dualproof_model::check::{self, Case, Judged};
use dualproof_model::evidence::{Evidence, Missing, Told};
use dualproof_model::family::{FamilyOrder, IpFamily};
use dualproof_model::spec::Scenario;
use dualproof_model::verdict::{Finding, Holds};
use dualproof_wire::{Answer, Outcome, Records, ResolutionOutcome};

use crate::lab::matrix::{MatrixWorld, OF_CALLS, answer, end, report, told};
use crate::lab::{MERGED, findings, ip, judge, red};

const ORDERS: [FamilyOrder; 2] = [FamilyOrder::V4First, FamilyOrder::V6First];
const V6: IpFamily = IpFamily::IPv6;

fn green(order: FamilyOrder) -> (Scenario, Evidence) {
    let world = MatrixWorld::meshed(order);
    (world.scenario(), world.evidence())
}

fn that(holds: Holds, key: &str, evidence: &Evidence, scenario: &Scenario) -> Vec<Finding> {
    let mut found = findings(key, evidence, scenario, &MERGED);
    found.retain(|finding| finding.holds == holds);
    found
}

#[test]
fn healthy_calls_are_green_over_both_families_in_both_orders() {
    for order in ORDERS {
        let (scenario, evidence) = green(order);
        for key in OF_CALLS {
            let found = findings(key, &evidence, &scenario, &MERGED);
            let wrong: Vec<_> = found.iter().filter(|finding| finding.holds != Holds::Yes).collect();
            assert!(wrong.is_empty(), "{key} {order}: {wrong:#?}");
            let families: BTreeSet<_> = found.iter().filter_map(|finding| finding.family).collect();
            assert_eq!(families, IpFamily::BOTH.into(), "{key} {order}");
        }
    }
}

#[test]
fn the_same_matrix_without_a_mesh_is_green_by_the_truth_of_naked_pods() {
    for order in ORDERS {
        let world = MatrixWorld { order, meshed: false };
        let (scenario, evidence) = (world.scenario(), world.evidence());
        assert!(evidence.access_log.is_empty());
        for check in check::all().iter().filter(|check| OF_CALLS.contains(&check.key) && !check.needs_mesh) {
            let case = Case::new(&evidence, &scenario, None);
            let Judged::Findings(found) = (check.judge)(&case) else { panic!("{} does not apply", check.key) };
            let wrong: Vec<_> = found.iter().filter(|finding| finding.holds != Holds::Yes).collect();
            assert!(!found.is_empty() && wrong.is_empty(), "{} {order}: {wrong:#?}", check.key);
        }
    }
}

#[test]
fn a_scenario_without_a_matrix_is_not_asked() {
    let world = crate::lab::World::seed(ORDERS[0]);
    for key in OF_CALLS {
        let judged = judge(key, &world.evidence(), &world.scenario(), &MERGED);
        assert!(matches!(judged, Judged::NotApplicable(why) if why.contains("no call matrix")), "{key}");
    }
}

#[test]
fn lost_testimonies_are_lost_for_every_check_and_blame_nobody() {
    let (scenario, mut evidence) = green(ORDERS[1]);
    evidence.testimonies.clear();
    let why = "the prober was killed".to_owned();
    evidence.manifest.missing.push(Missing { what: "testimony.jsonl".to_owned(), why: why.clone() });
    assert_eq!(red(&evidence, &scenario, &MERGED), BTreeSet::new());
    for key in OF_CALLS {
        let lost = that(Holds::Unknown, key, &evidence, &scenario);
        assert!(lost.iter().any(|finding| finding.seen.contains(&why)), "{key}: {lost:#?}");
        // What the logs say of their own addresses is no call's.
        let held = that(Holds::Yes, key, &evidence, &scenario);
        assert!(held.iter().all(|finding| finding.subject.contains("access log")), "{key}: {held:#?}");
    }
}

#[test]
fn one_lost_report_is_missed_by_the_checks_of_its_call_alone() {
    let (scenario, mut evidence) = green(ORDERS[0]);
    for call in told(&mut evidence, &["naked/agents-naked.dual-v6v4/9000", "cluster-ip/v6"]) {
        call.told = Told::Lost("the line was cut".to_owned());
    }
    let missed: Vec<&str> =
        OF_CALLS.into_iter().filter(|key| !that(Holds::Unknown, key, &evidence, &scenario).is_empty()).collect();
    assert_eq!(missed, ["K44", "K01", "K31"]);
    let lost = that(Holds::Unknown, "K44", &evidence, &scenario);
    assert_eq!((lost.len(), lost[0].family), (1, Some(V6)));
    assert!(lost[0].seen.contains("the line was cut") && lost[0].place.starts_with("testimony.jsonl#call-"));
}

#[test]
fn without_logs_no_way_is_proven_and_none_is_blamed() {
    let (scenario, mut evidence) = green(ORDERS[0]);
    evidence.access_log.clear();
    assert_eq!(red(&evidence, &scenario, &MERGED), BTreeSet::new());
    assert!(that(Holds::Yes, "K04", &evidence, &scenario).is_empty());
    let lost = that(Holds::Unknown, "K04", &evidence, &scenario);
    assert!(lost.iter().all(|finding| finding.seen.contains("its way lacks a line of")), "{lost:#?}");
}

#[test]
fn two_lines_for_one_call_prove_nothing() {
    let (scenario, mut evidence) = green(ORDERS[0]);
    let sockets: Vec<_> = told(&mut evidence, &["meshed/agents.dual-v6v4/9000", "cluster-ip/v6"])
        .into_iter()
        .filter_map(|call| report(call).attempts.last().and_then(|attempt| attempt.local))
        .collect();
    let own = |remote: Option<std::net::SocketAddr>| remote.is_some_and(|remote| sockets.contains(&remote));
    let mut twins: Vec<_> = evidence.access_log.iter().filter(|line| own(line.downstream_remote)).cloned().collect();
    assert_eq!(twins.len(), 1);
    twins[0].connection = Some(99_999);
    evidence.access_log.extend(twins);
    assert_eq!(red(&evidence, &scenario, &MERGED), BTreeSet::new());
    let lost = that(Holds::Unknown, "K04", &evidence, &scenario);
    assert!(lost.len() == 1 && lost[0].seen.contains("ambiguous"), "{lost:#?}");
}

#[test]
fn an_unknown_version_is_lost_for_calls_through_a_mesh() {
    let (scenario, evidence) = green(ORDERS[0]);
    for key in OF_CALLS {
        let Some(check) = check::find(key) else { panic!("no {key}") };
        let case = Case::new(&evidence, &scenario, None);
        let Judged::Findings(found) = (check.judge)(&case) else { panic!("{key} does not apply") };
        assert!(!found.is_empty() && found.iter().all(|finding| finding.holds == Holds::Unknown), "{key}: {found:#?}");
    }
}

#[test]
fn a_service_that_is_not_as_the_scenario_says_is_told_by_k13_and_lost_for_the_calls() {
    let (scenario, mut evidence) = green(ORDERS[0]);
    for service in evidence.objects.services.iter_mut().filter(|service| service.meta.name == "dual-v4v6") {
        service.families.truncate(1);
        service.cluster_ips.truncate(1);
    }
    assert_eq!(red(&evidence, &scenario, &MERGED), BTreeSet::from(["K13"]));
    let told = that(Holds::No, "K13", &evidence, &scenario);
    assert!(told.iter().any(|finding| finding.family == Some(V6) && finding.seen == "absent"), "{told:#?}");
    for key in OF_CALLS {
        let lost = that(Holds::Unknown, key, &evidence, &scenario);
        assert!(lost.iter().any(|finding| finding.seen.contains("agents/dual-v4v6 is not dual v4,v6")), "{key}");
    }
}

#[test]
fn a_dead_family_is_told_in_few_words() {
    let (scenario, mut evidence) = green(ORDERS[0]);
    for call in evidence.testimonies.iter_mut().filter(|call| call.cell.ends_with("/v6")) {
        end(call, &Outcome::Timeout);
    }
    for key in OF_CALLS {
        let found = findings(key, &evidence, &scenario, &MERGED);
        assert!(found.len() <= 60, "{key} says {} things", found.len());
        for finding in found.iter().filter(|finding| finding.holds == Holds::No) {
            assert_ne!(finding.family, Some(IpFamily::IPv4), "{key}: {finding:#?}");
            assert!(finding.seen.len() < 500 && finding.place.matches('#').count() <= 3, "{key}: {finding:#?}");
        }
    }
    let dead = red(&evidence, &scenario, &MERGED);
    assert!(!dead.contains("K03") && !dead.contains("K04"), "names and proxies are not at fault: {dead:?}");
    assert!(dead.contains("K02") && dead.contains("K44"), "{dead:?}");
}

#[test]
fn a_stray_call_is_told_with_the_lines_that_show_it() {
    let (scenario, mut evidence) = green(ORDERS[0]);
    let named = |line: &dualproof_model::evidence::AccessLogLine| {
        line.cluster.as_deref() == Some("outbound|9000||single-v6.agents.svc.cluster.local")
    };
    for line in evidence.access_log.iter_mut().filter(|line| named(line)) {
        line.cluster = Some("PassthroughCluster".to_owned());
    }
    let told = that(Holds::No, "K04", &evidence, &scenario);
    let by_address: Vec<_> = told
        .iter()
        .filter(|finding| finding.subject.contains("`meshed`") && finding.subject.contains("by clusterIP"))
        .collect();
    assert_eq!(by_address.len(), 1, "{told:#?}");
    let Finding { subject, family, expected, seen, place, .. } = by_address[0];
    assert_eq!(subject, "calls from `meshed` to agents/single-v6 by clusterIP over IPv6");
    assert_eq!(*family, Some(V6));
    assert!(
        expected
            .contains("by the client's proxy by the Service's cluster, the server's proxy by the port's cluster, mTLS")
    );
    assert!(seen.contains("the client's proxy passed the call through by PassthroughCluster"), "{seen}");
    let places: Vec<&str> = place.split(", ").collect();
    assert!(places[0].starts_with("testimony.jsonl#call-"), "{place}");
    assert!(
        places[1].starts_with("access/callers/caller-1.log#L") && places[2].starts_with("access/agents/"),
        "{place}"
    );
}

#[test]
fn strict_needs_a_twin_in_each_family() {
    let (mut scenario, evidence) = green(ORDERS[0]);
    let matrix = scenario.matrix.as_mut().unwrap_or_else(|| panic!("no matrix"));
    matrix.clients.retain(|client| client.name == "meshed");
    let lost = that(Holds::Unknown, "K05", &evidence, &scenario);
    assert!(lost.is_empty(), "its calls to podIPs are plaintext: {lost:#?}");
    let (mut scenario, evidence) = green(ORDERS[0]);
    let matrix = scenario.matrix.as_mut().unwrap_or_else(|| panic!("no matrix"));
    matrix.clients.retain(|client| client.name == "naked");
    let lost = that(Holds::Unknown, "K05", &evidence, &scenario);
    let told: Vec<_> = lost.iter().map(|finding| (finding.subject.as_str(), finding.family)).collect();
    let mutual = "mTLS to agents-strict/dual-v6v4";
    assert_eq!(told, [(mutual, Some(IpFamily::IPv4)), (mutual, Some(V6))]);

    let matrix = scenario.matrix.as_mut().unwrap_or_else(|| panic!("no matrix"));
    matrix.targets.retain(|target| target.namespace == "agents");
    let judged = judge("K05", &evidence, &scenario, &MERGED);
    assert!(matches!(judged, Judged::NotApplicable(why) if why.contains("STRICT")));
}

/// A way to make an answer wrong, and who must say so; `None` where it depends on the way of the call.
type Spoil = (&'static str, Option<&'static str>, fn(&mut Answer));

#[test]
fn whatever_is_wrong_with_an_answer_is_said_by_one_check_whichever_call_it_is() {
    let spoils: [Spoil; 4] = [
        ("another peer", None, |answer| {
            answer.peer.set_ip(ip(if answer.peer.is_ipv4() { "10.9.9.9" } else { "fd00:9::9" }));
        }),
        ("both ends of the other family", Some("K01"), |answer| {
            let to_v6 = answer.local.is_ipv4();
            answer.peer.set_ip(ip(if to_v6 { "::6" } else { "127.0.0.6" }));
            answer.local.set_ip(ip(if to_v6 { "fd00:10:244::99" } else { "10.244.0.99" }));
        }),
        ("another node", Some("K01"), |answer| answer.node = "node-9".to_owned()),
        ("a mapped address", Some("K31"), |answer| {
            answer.peer.set_ip("::ffff:127.0.0.6".parse().unwrap_or(answer.peer.ip()));
            if let std::net::IpAddr::V4(own) = answer.local.ip() {
                answer.local.set_ip(own.to_ipv6_mapped().into());
            }
        }),
    ];
    let (scenario, green) = green(ORDERS[0]);
    for id in [
        "meshed/agents.dual-v4v6/9000-declared-tcp-dual-any/cluster-ip/v4",
        "meshed/agents.dual-v6v4/9001-second-tcp-v4-any/name-a/v4",
        "meshed/agents-naked.dual-v6v4/9001-second-tcp-v4-any/cluster-ip/v6",
        "naked/agents-naked.dual-v6v4/9001-second-tcp-v4-any/pod-ip-0/v4",
        "meshed/agents.single-v4/9000-declared-tcp-dual-any/node-port-node-1/v4",
    ] {
        for (what, home, spoil) in spoils {
            let mut evidence = green.clone();
            for call in told(&mut evidence, &[id]) {
                answer(call, spoil);
            }
            let seen = red(&evidence, &scenario, &MERGED);
            match home {
                Some(home) => assert!(seen.contains(home), "{id}, {what}: {seen:?}"),
                None => assert!(seen == BTreeSet::from(["K04"]) || seen == BTreeSet::from(["K44"]), "{id}: {seen:?}"),
            }
        }
    }
}

#[test]
fn a_call_that_fell_to_the_other_family_by_its_look_up_is_the_resolvers_matter_alone() {
    let (scenario, mut evidence) = green(ORDERS[1]);
    // Datagrams meet no proxy, so the server sees the family that was dialled.
    let service = evidence.objects.service("agents", "dual-v4v6").map(|service| service.cluster_ips.clone());
    let v4 = service.iter().flatten().find(|ip| ip.is_ipv4()).copied().unwrap_or_else(|| panic!("no IPv4"));
    let pods = evidence.objects.pods.clone();
    for call in told(&mut evidence, &["naked/agents.dual-v4v6/9053", "name-both"]) {
        let client = call.client.clone();
        let of = |pod: Option<&dualproof_model::evidence::Pod>| {
            let ips = pod.map(|pod| pod.ips.clone()).unwrap_or_default();
            ips.into_iter().find(std::net::IpAddr::is_ipv4).unwrap_or_else(|| panic!("no IPv4"))
        };
        let socket = of(pods.iter().find(|pod| Some(pod.pod_ref()) == client));
        let report = report(call);
        let asked = report.resolutions.iter_mut().rfind(|asked| asked.records == Records::Aaaa);
        let asked = asked.unwrap_or_else(|| panic!("no question"));
        (asked.outcome, asked.addresses) = (ResolutionOutcome::ServFail, Vec::new());
        for attempt in &mut report.attempts {
            attempt.address.set_ip(v4);
            attempt.local.iter_mut().for_each(|local| local.set_ip(socket));
        }
        answer(call, |answer| {
            answer.peer.set_ip(socket);
            answer.local.set_ip(of(pods
                .iter()
                .find(|pod| pod.meta.name == answer.pod && pod.meta.namespace == answer.namespace)));
        });
    }
    assert_eq!(red(&evidence, &scenario, &MERGED), ["K20"].into());
}
