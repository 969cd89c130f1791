//! What a finding says: the family, both sides, the place.

use dualproof_model::evidence::{AddressKind, CallStage, Evidence, LbEndpoint};
use dualproof_model::family::{FamilyOrder, IpFamily, listener_name};
use dualproof_model::verdict::{Finding, Holds};

use crate::lab::{CLIENT, World, findings, ip, listener, netns, proxy, service, socket};

const V4: IpFamily = IpFamily::IPv4;
const V6: IpFamily = IpFamily::IPv6;

fn broken(key: &str, world: &World, break_it: impl FnOnce(&mut Evidence)) -> Vec<Finding> {
    let mut evidence = world.evidence();
    break_it(&mut evidence);
    let mut findings = findings(key, &evidence, &world.scenario(), &world.shapes);
    findings.retain(|finding| finding.holds == Holds::No);
    findings
}

#[test]
fn the_regression_of_1_24_is_told_as_a_lost_ipv6_address_and_a_doubled_ipv4_one() {
    let world = World::seed(FamilyOrder::V4First);
    let regress = |evidence: &mut Evidence| {
        let listener = listener(evidence, CLIENT, 9000);
        let v4 = socket(ip("10.96.0.50"), 9000);
        (listener.addresses, listener.name) = (vec![v4, v4], listener_name(v4.ip, 9000));
    };
    let lost = broken("K06", &world, regress);
    let of_set: Vec<_> = lost.iter().filter(|finding| finding.subject.contains("listener addresses")).collect();
    assert_eq!(of_set.len(), 1, "{lost:#?}");
    assert_eq!((of_set[0].family, of_set[0].expected.as_str()), (Some(V6), "{fd00:10:96::50}"));
    assert_eq!(of_set[0].seen, "none");
    assert!(of_set[0].place.contains("config_dump.json"));
    let name = lost.iter().find(|finding| finding.subject.starts_with("name of"));
    assert_eq!(name.map(|finding| finding.expected.as_str()), Some("fd00:10:96::50_9000"));

    let doubled = broken("K07", &world, regress);
    assert_eq!(doubled.len(), 1, "{doubled:#?}");
    assert_eq!(doubled[0].family, Some(V4));
    assert!(doubled[0].seen.starts_with("10.96.0.50:9000 in "), "{}", doubled[0].seen);
}

#[test]
fn stale_additional_addresses_are_told_with_both_groupings() {
    let world = World::seed(FamilyOrder::V4First);
    let stale = broken("K11", &world, |evidence| {
        let load =
            proxy(evidence, CLIENT).endpoints.iter_mut().find(|load| load.cluster.contains("9000||tcp-echo.servers."));
        if let Some(load) = load {
            let second =
                LbEndpoint { addresses: load.endpoints[0].addresses[1..].to_vec(), ..load.endpoints[0].clone() };
            load.endpoints.push(second);
        }
    });
    assert_eq!(stale.len(), 1, "the union is right, only the grouping is not: {stale:#?}");
    assert_eq!(stale[0].expected, "{10.244.0.8, fd00:10:244::8} and {10.244.0.9, fd00:10:244::9}");
    assert_eq!(stale[0].seen, "{10.244.0.8, fd00:10:244::8} and {10.244.0.9, fd00:10:244::9} and {fd00:10:244::8}");
}

#[test]
fn a_lost_family_of_the_claim_is_told_in_that_family() {
    let world = World::seed(FamilyOrder::V4First);
    let lost = broken("K13", &world, |evidence| {
        *service(evidence) = World::seed(FamilyOrder::V4First).serving(&[V6]).evidence().objects.services[0].clone();
    });
    let told: Vec<_> =
        lost.iter().map(|finding| (finding.family, finding.expected.as_str(), finding.seen.as_str())).collect();
    assert_eq!(
        told,
        [(None, "RequireDualStack", "SingleStack"), (Some(V4), "second", "absent"), (Some(V4), "present", "absent"),]
    );
}

#[test]
fn a_reply_by_name_proves_a_family_only_where_the_service_has_one() {
    let family_of = |services: &[IpFamily], kind: AddressKind, address: &str| {
        let world = World::seed(FamilyOrder::V4First).serving(services);
        let mut evidence = world.evidence();
        for call in evidence.calls.iter_mut().filter(|call| call.stage == CallStage::Mesh) {
            (call.address_kind, call.address) = (kind, address.to_owned());
        }
        let findings = findings("S01", &evidence, &world.scenario(), &world.shapes);
        assert_eq!(findings.len(), 1, "{findings:#?}");
        findings[0].family
    };
    assert_eq!(family_of(&[V6, V4], AddressKind::Name, "tcp-echo.servers"), None);
    assert_eq!(family_of(&[V4], AddressKind::Name, "tcp-echo.servers"), Some(V4));
    assert_eq!(family_of(&[V6], AddressKind::Name, "tcp-echo.servers"), Some(V6));
    assert_eq!(family_of(&[V6, V4], AddressKind::ClusterIp, "10.96.0.50"), Some(V4));
    assert_eq!(family_of(&[V6, V4], AddressKind::PodIp, "[fd00:10:244::8]"), Some(V6));
}

#[test]
fn a_call_to_another_service_proves_nothing_of_this_one() {
    let world = World::seed(FamilyOrder::V4First).serving(&[V6]);
    let mut evidence = world.evidence();
    for call in evidence.calls.iter_mut().filter(|call| call.stage == CallStage::Mesh) {
        call.target.name = "another".to_owned();
    }
    let findings = findings("S01", &evidence, &world.scenario(), &world.shapes);
    assert_eq!(findings.iter().map(|finding| finding.family).collect::<Vec<_>>(), [None]);
}

#[test]
fn a_wrong_reply_is_told_with_ending_and_complaint() {
    let world = World::seed(FamilyOrder::V4First);
    let wrong = broken("S01", &world, |evidence| {
        for call in evidence.calls.iter_mut().filter(|call| call.stage == CallStage::Mesh) {
            (call.stdout, call.stderr) = ("é".repeat(300), "nc: Connection refused\n".to_owned());
        }
    });
    assert_eq!(wrong.len(), 1);
    assert_eq!(wrong[0].expected, "`hello there`");
    let told = format!("`{}…`, exit code 0, stderr `nc: Connection refused`", "é".repeat(200));
    assert_eq!(wrong[0].seen, told);
}

#[test]
fn a_call_that_got_its_text_and_did_not_end_was_answered() {
    let world = World::seed(FamilyOrder::V4First);
    let wrong = broken("S01", &world, |evidence| {
        for call in &mut evidence.calls {
            call.outcome = dualproof_model::evidence::CallOutcome::Timeout;
        }
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_refused_service_is_told_as_such() {
    let world = World::seed(FamilyOrder::V4First);
    let refused = broken("K42", &world, |evidence| {
        evidence.objects.nodes.iter_mut().for_each(|node| node.pod_cidrs.truncate(1));
    });
    assert_eq!(refused.len(), 1, "{refused:#?}");
    assert_eq!(refused[0].expected, "a refusal by the API server");
}

#[test]
fn a_flushed_chain_is_told_in_its_family_with_the_rules_that_the_other_has() {
    let world = World::seed(FamilyOrder::V6First);
    let flushed = broken("K10", &world, |evidence| {
        for table in netns(evidence, CLIENT).rules.v4.iter_mut().flat_map(|rules| &mut rules.tables) {
            table
                .chains
                .iter_mut()
                .filter(|chain| chain.name == "ISTIO_REDIRECT")
                .for_each(|chain| chain.rules.clear());
        }
    });
    let told: Vec<_> = flushed.iter().map(|finding| (finding.subject.as_str(), finding.seen.as_str())).collect();
    assert!(flushed.iter().all(|finding| finding.family == Some(V4)), "IPv6 has all it needs: {flushed:#?}");
    assert!(told.contains(&("redirect of outbound connections in clients/curl-1", "no rule does")), "{told:#?}");
    assert!(
        told.contains(&("rules of nat/ISTIO_REDIRECT in clients/curl-1", "no such chain, or nothing in it")),
        "{told:#?}"
    );
    let caller = told.iter().find(|(subject, _)| subject.contains("nat/ISTIO_OUTPUT"));
    assert!(
        caller.is_some_and(|(_, seen)| seen.starts_with("lacks what `") && seen.contains("ISTIO_REDIRECT")),
        "{told:#?}"
    );
    assert_eq!(flushed[0].place, "netns/clients/curl-1/iptables-save");
}

#[test]
fn rules_in_another_order_are_nobodys_in_particular() {
    let world = World::seed(FamilyOrder::V4First);
    let turned = broken("K10", &world, |evidence| {
        for table in netns(evidence, CLIENT).rules.v6.iter_mut().flat_map(|rules| &mut rules.tables) {
            table
                .chains
                .iter_mut()
                .filter(|chain| chain.name == "ISTIO_INBOUND")
                .for_each(|chain| chain.rules.reverse());
        }
    });
    let told: Vec<_> = turned.iter().map(|finding| (finding.family, finding.seen.as_str())).collect();
    assert_eq!(told, [(Some(V4), "the same rules in another order"), (Some(V6), "the same rules in another order")]);
}
