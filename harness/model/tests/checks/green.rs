//! Healthy evidence of every kind, and where a check has no meaning.

use std::collections::BTreeSet;

use dualproof_model::check::Judged;
use dualproof_model::evidence::LbEndpoint;
use dualproof_model::family::{FamilyOrder, IpFamily};
use dualproof_model::spec::{EndpointShape, Scenario, Shapes};
use dualproof_model::verdict::{Holds, Layer, Ledger};

use crate::lab::matrix::not_of_calls;
use crate::lab::{CLIENT, MERGED, OLD, SERVER, World, findings, ip, judge, pod, proxy, red, service, socket};

const V4: IpFamily = IpFamily::IPv4;
const V6: IpFamily = IpFamily::IPv6;

fn worlds() -> Vec<World> {
    // 1.23: endpoints as before, the rest as after.
    let between = Shapes { endpoints: EndpointShape::Split, ..MERGED };
    let mut worlds = Vec::new();
    for order in [FamilyOrder::V4First, FamilyOrder::V6First] {
        for service in [vec![V6, V4], vec![V4, V6], vec![V4], vec![V6]] {
            for shapes in [OLD, between, MERGED] {
                worlds.push(World { order, service: service.clone(), shapes });
            }
        }
    }
    worlds
}

#[test]
fn healthy_evidence_is_green_in_every_order_and_shape() {
    for world in worlds() {
        let (scenario, evidence) = (world.scenario(), world.evidence());
        for check in not_of_calls() {
            match judge(check.key, &evidence, &scenario, &world.shapes) {
                Judged::Findings(findings) => {
                    assert!(!findings.is_empty(), "{} compared nothing in {world:?}", check.key);
                    let wrong: Vec<_> = findings.iter().filter(|finding| finding.holds != Holds::Yes).collect();
                    assert!(wrong.is_empty(), "{} in {world:?}: {wrong:#?}", check.key);
                }
                Judged::NotApplicable(reason) => {
                    let one_address = world.service.len() < 2 || world.shapes.endpoints == EndpointShape::Split;
                    assert!(check.key == "K12" && one_address, "{} in {world:?}: {reason}", check.key);
                    assert!(reason.contains("none comes first"), "{reason}");
                }
            }
        }
    }
}

#[test]
fn each_layer_is_exercised_in_each_claimed_family() {
    for world in worlds() {
        let (scenario, evidence) = (world.scenario(), world.evidence());
        let mut ledger = Ledger::default();
        for check in not_of_calls() {
            ledger.count(check.layer, &findings(check.key, &evidence, &scenario, &world.shapes));
        }
        let checked: BTreeSet<_> = not_of_calls().map(|check| check.layer).collect();
        assert_eq!(ledger.rows().iter().map(|row| row.layer).collect::<BTreeSet<_>>(), checked);
        for row in ledger.rows() {
            // Which family carried a reply by the name of a dual-stack Service, nobody can say.
            let provable = row.layer != Layer::Application || world.service.len() == 1;
            for family in &world.service {
                assert_eq!(*row.exercised.get(*family) > 0, provable, "{} over {family} in {world:?}", row.layer);
                assert_eq!(row.exercised.get(*family), row.held.get(*family), "{} in {world:?}", row.layer);
            }
        }
    }
}

#[test]
fn a_scenario_about_the_cluster_alone_has_only_the_baseline() {
    let world = World::seed(FamilyOrder::V6First);
    let scenario = Scenario { subject: None, calls: Vec::new(), ..world.scenario() };
    let evidence = world.evidence();
    assert_eq!(red(&evidence, &scenario, &world.shapes), BTreeSet::new());
    assert!(findings("K41", &evidence, &scenario, &world.shapes).iter().all(|finding| finding.holds == Holds::Yes));
    // The same cluster, asked for with one family.
    let mut alone = evidence.clone();
    alone.manifest.cell.order = FamilyOrder::V6Alone;
    let said = findings("K41", &alone, &scenario, &world.shapes);
    assert!(
        said.iter().any(|finding| finding.family == Some(IpFamily::IPv4) && finding.holds == Holds::No),
        "{said:#?}"
    );
    for key in ["K13", "K42", "K43", "K06", "K11", "K12", "S01"] {
        assert!(matches!(judge(key, &evidence, &scenario, &world.shapes), Judged::NotApplicable(_)), "{key}");
    }
}

#[test]
fn a_headless_service_has_no_vip_listener_and_no_balanced_endpoints() {
    let world = World::seed(FamilyOrder::V4First);
    let (scenario, mut evidence) = (world.scenario(), world.evidence());
    let headless = service(&mut evidence);
    (headless.headless, headless.cluster_ip) = (true, None);
    headless.cluster_ips.clear();
    for key in ["K06", "K11", "K12"] {
        assert!(matches!(judge(key, &evidence, &scenario, &world.shapes), Judged::NotApplicable(_)), "{key}");
    }
    for key in ["K13", "K42", "K43"] {
        let findings = findings(key, &evidence, &scenario, &world.shapes);
        assert!(
            !findings.is_empty() && findings.iter().all(|finding| finding.holds == Holds::Yes),
            "{key}: {findings:#?}"
        );
    }
}

#[test]
fn http_ports_are_left_to_the_shared_listeners() {
    let world = World::seed(FamilyOrder::V4First);
    let (scenario, mut evidence) = (world.scenario(), world.evidence());
    service(&mut evidence).ports.retain(|port| port.is_http());
    assert!(matches!(judge("K06", &evidence, &scenario, &world.shapes), Judged::NotApplicable(_)));
}

#[test]
fn a_pod_of_one_family_has_one_wildcard_and_one_source_of_each_kind() {
    let world = World::seed(FamilyOrder::V4First).serving(&[V4]);
    let (scenario, mut evidence) = (world.scenario(), world.evidence());
    for name in [CLIENT, SERVER, "tcp-echo-2"] {
        pod(&mut evidence, name).ips.truncate(1);
        let proxy = proxy(&mut evidence, name);
        proxy.info.instance_ips.truncate(1);
        proxy.listeners.iter_mut().for_each(|listener| listener.addresses.retain(|address| address.ip.is_ipv4()));
        proxy.listener_statuses.iter_mut().for_each(|status| status.addresses.retain(|address| address.ip.is_ipv4()));
        proxy.clusters.iter_mut().for_each(|cluster| cluster.bind_sources.retain(std::net::IpAddr::is_ipv4));
        proxy.redirect.iter_mut().for_each(|log| log.inbound_ipv6 = Some(false));
        let netns = crate::lab::netns(&mut evidence, name);
        netns.rules.v6.iter_mut().for_each(|rules| rules.tables.clear());
        netns.interfaces.iter_mut().flatten().for_each(|one| one.addresses.retain(|net| net.addr().is_ipv4()));
    }
    for key in ["K10", "K06", "K07", "K08", "K14", "K11"] {
        let findings = findings(key, &evidence, &scenario, &world.shapes);
        let wrong: Vec<_> = findings.iter().filter(|finding| finding.holds != Holds::Yes).collect();
        assert!(!findings.is_empty() && wrong.is_empty(), "{key}: {wrong:#?}");
    }
    // The same proxy with one wildcard more is as wrong as a dual one with one less.
    let inbound = proxy(&mut evidence, SERVER).listeners.iter_mut().find(|listener| listener.name == "virtualInbound");
    if let Some(listener) = inbound {
        listener.addresses.push(socket(ip("::"), 15006));
    }
    assert!(red(&evidence, &scenario, &world.shapes).contains("K08"));
}

#[test]
fn a_proxy_of_one_family_listens_on_the_clusterip_that_it_can_use() {
    let world = World::seed(FamilyOrder::V4First);
    let (scenario, mut evidence) = (world.scenario(), world.evidence());
    pod(&mut evidence, CLIENT).ips.truncate(1);
    for port in [9000, 9001] {
        let listener = crate::lab::listener(&mut evidence, CLIENT, port);
        listener.addresses.remove(0);
        listener.name = format!("10.96.0.50_{port}");
    }
    let findings = findings("K06", &evidence, &scenario, &world.shapes);
    assert!(findings.iter().all(|finding| finding.holds == Holds::Yes), "{findings:#?}");
}

#[test]
fn without_a_log_of_the_init_container_the_redirect_is_no_finding() {
    let world = World::seed(FamilyOrder::V4First);
    let (scenario, mut evidence) = (world.scenario(), world.evidence());
    let about_redirect = |evidence: &_| {
        let findings = findings("K14", evidence, &scenario, &world.shapes);
        assert!(findings.iter().all(|finding| finding.holds == Holds::Yes), "{findings:#?}");
        findings.iter().filter(|finding| finding.subject.contains("ENABLE_INBOUND_IPV6")).count()
    };
    assert_eq!(about_redirect(&evidence), 3);
    evidence.proxies.iter_mut().for_each(|proxy| proxy.redirect = None);
    assert_eq!(about_redirect(&evidence), 0);
}

#[test]
fn pods_that_ended_or_are_going_away_owe_nothing() {
    let world = World::seed(FamilyOrder::V4First);
    let (scenario, mut evidence) = (world.scenario(), world.evidence());
    let mut ended = pod(&mut evidence, SERVER).clone();
    (ended.meta.name, ended.phase, ended.ready) = ("ended".to_owned(), "Failed".to_owned(), false);
    let mut leaving = pod(&mut evidence, SERVER).clone();
    (leaving.meta.name, leaving.terminating) = ("leaving".to_owned(), true);
    evidence.objects.pods.extend([ended, leaving]);
    for check in not_of_calls() {
        let findings = findings(check.key, &evidence, &scenario, &world.shapes);
        assert!(findings.iter().all(|finding| finding.holds == Holds::Yes), "{}: {findings:#?}", check.key);
    }
}

#[test]
fn a_pod_that_is_not_ready_may_be_listed_but_not_as_healthy() {
    let world = World::seed(FamilyOrder::V6First);
    let (scenario, mut evidence) = (world.scenario(), world.evidence());
    let unready = world.pod("servers", "tcp-echo-3", "tcp-echo", 10, &["tcp-echo"]);
    let addresses: Vec<_> = unready.ips.iter().map(|address| socket(*address, 9000)).collect();
    evidence.objects.pods.push(dualproof_model::evidence::Pod { ready: false, ..unready });
    let load =
        proxy(&mut evidence, CLIENT).endpoints.iter_mut().find(|load| load.cluster.contains("9000||tcp-echo.servers."));
    let Some(load) = load else { panic!("no endpoints") };
    load.endpoints.push(LbEndpoint { addresses, health: "UNHEALTHY".to_owned() });
    let mut healthy = evidence.clone();
    assert_eq!(red(&evidence, &scenario, &world.shapes), BTreeSet::new());
    for load in &mut proxy(&mut healthy, CLIENT).endpoints {
        load.endpoints.iter_mut().for_each(|endpoint| endpoint.health = "HEALTHY".to_owned());
    }
    assert_eq!(red(&healthy, &scenario, &world.shapes), BTreeSet::from(["K11"]));
}

#[test]
fn a_proxy_may_know_its_own_pod_by_its_first_address_alone_and_says_so() {
    for order in [FamilyOrder::V4First, FamilyOrder::V6First] {
        let world = World::seed(order);
        let (scenario, mut evidence) = (world.scenario(), world.evidence());
        let own: Vec<_> = pod(&mut evidence, SERVER).ips.clone();
        for load in &mut proxy(&mut evidence, SERVER).endpoints {
            for endpoint in load.endpoints.iter_mut().filter(|endpoint| endpoint.addresses[0].ip == own[0]) {
                endpoint.addresses.truncate(1);
            }
        }
        assert_eq!(red(&evidence, &scenario, &world.shapes), BTreeSet::new());
        let said = findings("K11", &evidence, &scenario, &world.shapes);
        let said: Vec<_> = said.iter().filter(|finding| finding.subject.contains("own pod")).collect();
        assert_eq!(said.len(), 3, "one for each port");
        assert!(said[0].expected.contains("alone, which Envoy then keeps"), "{said:?}");
        let first = findings("K12", &evidence, &scenario, &world.shapes);
        assert!(first.iter().all(|finding| finding.holds == Holds::Yes), "what is there can be compared: {first:?}");

        for load in &mut proxy(&mut evidence, CLIENT).endpoints {
            for endpoint in load.endpoints.iter_mut().filter(|endpoint| endpoint.addresses[0].ip == own[0]) {
                endpoint.addresses.truncate(1);
            }
        }
        assert_eq!(red(&evidence, &scenario, &world.shapes), BTreeSet::from(["K11"]), "nobody else may");
    }
}
