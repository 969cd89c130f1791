//! A roster over live objects: which cells there are, and what of it is missing.

use std::collections::BTreeSet;

use dualproof_model::matrix::{self, Absent, Dial, Gap, ServerKind, TargetKind, expand};
use dualproof_model::plan::ProviderKind;
use dualproof_model::spec::scenario;
use dualproof_wire::{Bind, Destination, Protocol};

use super::world::{ORDERS, TARGETS, cells, ip, objects, pod_ref, roster, without_mesh};

#[test]
fn every_client_dials_every_address_of_every_target() {
    for order in ORDERS {
        let objects = objects(order);
        let cells = cells(&roster(Bind::DualAny, Protocol::Tcp, true), &objects);
        // 3 names, and of each family a clusterIP, a podIP of each server, and 2 nodes' ports.
        let dials = |servers: usize| 3 + 2 * (1 + servers + 2);
        let of_targets = 5 * dials(2) + 2 * dials(1);
        assert_eq!(cells.len(), 3 * 2 * 3 * of_targets, "{order}");
        let ids: BTreeSet<&str> = cells.iter().map(|cell| cell.id.as_str()).collect();
        assert_eq!(ids.len(), cells.len());
        for (kind, _) in TARGETS {
            assert!(cells.iter().any(|cell| cell.target == kind && cell.to.is_ok()), "{kind}");
        }
    }
}

#[test]
fn ids_are_the_same_in_both_orders_and_without_a_mesh() {
    let ids = |roster, objects| -> Vec<String> { cells(&roster, &objects).into_iter().map(|cell| cell.id).collect() };
    let [first, second] = ORDERS.map(|order| ids(roster(Bind::V6Only, Protocol::Http1, true), objects(order)));
    assert_eq!(first, second);
    let naked = roster(Bind::V6Only, Protocol::Http1, false);
    assert_eq!(first, ids(naked, without_mesh(objects(ORDERS[0]))));
    assert_eq!(first[0], "meshed/meshed.dual-v4v6/9000-declared-http1-v6-only/name-a/v4");
}

#[test]
fn addresses_are_those_of_the_objects() {
    let objects = objects(ORDERS[1]);
    let cells = cells(&roster(Bind::DualAny, Protocol::Tcp, true), &objects);
    let to = |id: &str| cells.iter().find(|cell| cell.id == id).map(|cell| cell.to.clone());
    let address = |text: &str, port| Some(Ok(Destination::Address((ip(text), port).into())));
    let base = "naked/meshed.single-v6/9000-declared-tcp-dual-any";
    assert_eq!(to(&format!("{base}/cluster-ip/v6")), address("fd00:10:96::18", 9000));
    assert_eq!(
        to(&format!("{base}/cluster-ip/v4")),
        Some(Err(Absent::ClusterIp(dualproof_model::family::IpFamily::IPv4)))
    );
    assert_eq!(to(&format!("{base}/pod-ip-1/v4")), address("10.244.0.21", 9000));
    assert_eq!(to(&format!("{base}/node-port-node-2/v6")), address("fc00:f853:ccd:e793::2", 30000));
    assert_eq!(to("outside/meshed.single-v6/9000-declared-tcp-dual-any/pod-ip-0/v6"), Some(Err(Absent::Outside)));
    assert_eq!(to("outside/meshed.single-v6/9000-declared-tcp-dual-any/name-both/any"), Some(Err(Absent::Outside)));
    assert_eq!(to("naked/meshed.headless-dual/9000-declared-tcp-dual-any/cluster-ip/v6"), Some(Err(Absent::Headless)));
    assert_eq!(to("naked/meshed.prefer/9002-undeclared-tcp-dual-any/node-port-node-1/v4"), Some(Err(Absent::NodePort)));
    let name = Destination::Name {
        name: "single-v6.meshed".to_owned(),
        port: 9000,
        records: dualproof_wire::Records::Aaaa,
        resolver: None,
    };
    assert_eq!(to(&format!("{base}/name-aaaa/v6")), Some(Ok(name)));
}

#[test]
fn a_pod_ip_has_a_listener_where_a_headless_service_names_its_port_and_family() {
    let objects = objects(ORDERS[0]);
    let cells = cells(&roster(Bind::DualAny, Protocol::Tcp, true), &objects);
    let with: BTreeSet<String> = cells
        .iter()
        .filter(|cell| cell.headless_listener && cell.client.name == "meshed" && cell.server == ServerKind::Meshed)
        .map(|cell| format!("{} {} {:?}", cell.target, cell.number, cell.family))
        .collect();
    let expected = [
        "headless dual 9000 Some(IPv4)",
        "headless dual 9000 Some(IPv6)",
        "headless dual 9001 Some(IPv4)",
        "headless dual 9001 Some(IPv6)",
        "headless single 9000 Some(IPv4)",
        "headless single 9001 Some(IPv4)",
    ];
    assert_eq!(with, expected.map(str::to_owned).into());
    assert!(cells.iter().filter(|cell| cell.headless_listener).all(|cell| matches!(cell.dial, Dial::PodIp(_))));
}

#[test]
fn what_is_not_as_the_roster_says_is_a_gap_and_no_cell() {
    let whole = roster(Bind::DualAny, Protocol::Tcp, true);
    let gaps = |change: &dyn Fn(&mut dualproof_model::evidence::Objects)| {
        let mut objects = objects(ORDERS[0]);
        change(&mut objects);
        let expansion = expand(&whole, &objects);
        (expansion.gaps, expansion.cells)
    };
    let (seen, cells) = gaps(&|objects| objects.services.retain(|service| service.meta.name != "prefer"));
    assert_eq!(seen, [Gap::NoService("meshed/prefer".to_owned()), Gap::NoService("naked/prefer".to_owned())]);
    assert!(cells.iter().all(|cell| cell.target != TargetKind::PreferDual));
    let (seen, _) = gaps(&|objects| objects.services[1].families.reverse());
    assert_eq!(seen, [Gap::OtherService { service: "meshed/dual-v6v4".to_owned(), wanted: TargetKind::DualV6V4 }]);
    let (seen, _) = gaps(&|objects| objects.pods.retain(|pod| pod.meta.name != "single-1"));
    assert_eq!(
        seen,
        [Gap::NoServer("meshed/headless-single".to_owned()), Gap::NoServer("naked/headless-single".to_owned())]
    );
    let (seen, cells) = gaps(&|objects| objects.pods[1].terminating = true);
    assert_eq!(seen, [Gap::NoClient("naked".to_owned())]);
    assert!(cells.iter().all(|cell| cell.client.name != "naked"));
    let (seen, cells) = gaps(&|objects| objects.pods[0].containers.clear());
    assert_eq!(seen, [Gap::Sidecar { pod: pod_ref("clients", "meshed"), sidecar: false }]);
    assert!(cells.iter().all(|cell| cell.client.name != "meshed"));
    let (seen, _) = gaps(&|objects| objects.services[0].ports.truncate(1));
    assert_eq!(seen.len(), 1, "another Service may name the port, this one must: {seen:?}");
    let (seen, _) = gaps(&|objects| objects.services[0].ports[1].port = 9002);
    assert!(seen.iter().any(|gap| matches!(gap, Gap::OtherPort { number: 9002, .. })), "{seen:?}");
}

#[test]
fn a_roster_that_calls_twice_is_told_so() {
    let mut twice = roster(Bind::DualAny, Protocol::Tcp, true);
    twice.targets.truncate(1);
    twice.clients.truncate(1);
    let ports = &mut twice.targets[0].ports;
    ports.truncate(1);
    ports.push(ports[0].clone());
    let expansion = expand(&twice, &objects(ORDERS[0]));
    assert_eq!(expansion.gaps.len(), expansion.cells.len());
    assert!(expansion.gaps.iter().all(|gap| matches!(gap, Gap::Twice(_))));
}

#[test]
fn a_scenarios_matrix_becomes_a_roster_of_live_pods_and_node_ports() -> Result<(), Box<dyn std::error::Error>> {
    let text = "title: t\nmatrix:\n  clients:\n  \
                - {name: a, kind: meshed, namespace: clients, manifest: m, app: meshed, container: agent}\n  \
                - {name: b, kind: naked, namespace: clients-naked, manifest: m, app: naked, container: agent}\n  \
                - {name: c, kind: outside}\n  targets:\n  - namespace: meshed\n    manifest: m\n    service: dual-v6v4\n    \
                kind: dual-v6-v4\n    server: meshed\n    ports:\n    \
                - {number: 9000, kind: declared, protocol: tcp, bind: dual-any}\n    \
                - {number: 9000, kind: declared, protocol: udp, bind: dual-any}\n    \
                - {number: 9002, kind: undeclared, protocol: tcp, bind: dual-any}\nchecks: [K01]\n";
    let matrix = scenario("scenarios/matrix/x.yaml", text)?.matrix.ok_or("no matrix")?;
    let mut objects = objects(ORDERS[0]);
    let mut earlier = objects.pods[0].clone();
    (earlier.meta.name, earlier.terminating) = ("a-first".to_owned(), true);
    let mut later = objects.pods[0].clone();
    later.meta.name = "z-last".to_owned();
    objects.pods.extend([earlier, later]);
    for service in objects.services.iter_mut().filter(|service| service.meta.name == "dual-v6v4") {
        service.ports[0].node_port = Some(30_123);
    }
    let roster = matrix::roster(&matrix, &objects, true, ProviderKind::Kind);
    let pods: Vec<_> = roster.clients.iter().map(|client| client.pod.clone()).collect();
    assert_eq!(pods, [Some(pod_ref("clients", "meshed")), None, None]);
    let ports: Vec<_> = roster.targets[0].ports.iter().map(|port| port.node_port).collect();
    assert_eq!(ports, [Some(30_123), None, None], "only TCP 9000 has one");
    let expansion = expand(&roster, &objects);
    assert_eq!(expansion.gaps, [Gap::NoClient("b".to_owned())]);
    assert!(expansion.cells.iter().any(|cell| cell.client.name == "c" && cell.to.is_ok()));
    let elsewhere = expand(&matrix::roster(&matrix, &objects, true, ProviderKind::Existing), &objects);
    let outside = elsewhere.cells.iter().filter(|cell| cell.client.name == "c");
    assert!(outside.clone().count() > 0 && outside.clone().all(|cell| cell.to == Err(Absent::NoOutside)));
    Ok(())
}
