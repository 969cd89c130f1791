//! K04 where no log can be had: by counters, and it says so; what they do not prove is lost, and nobody is blamed.

use std::collections::BTreeMap;

use dualproof_model::evidence::{Evidence, HostStatus, Missing, PodRef, Protocol, Proxy, SocketAddress};
use dualproof_model::family::{FamilyOrder, IpFamily};
use dualproof_model::verdict::{Finding, Holds};

use crate::lab::matrix::MatrixWorld;
use crate::lab::{MERGED, findings, red};

const ORDERS: [FamilyOrder; 2] = [FamilyOrder::V4First, FamilyOrder::V6First];

/// Takes the logs away, and gives instead what the proxies that wrote them have counted.
fn forbid_logs(evidence: &mut Evidence) {
    let mut counted: BTreeMap<PodRef, BTreeMap<(String, std::net::SocketAddr), u64>> = BTreeMap::new();
    for line in std::mem::take(&mut evidence.access_log) {
        let (Some(cluster), Some(host)) = (line.cluster, line.upstream_host) else { continue };
        *counted.entry(line.pod).or_default().entry((cluster, host)).or_default() += 1;
    }
    evidence.proxies = counted
        .into_iter()
        .map(|(pod, hosts)| {
            let hosts: Vec<HostStatus> = hosts
                .into_iter()
                .map(|((cluster, host), requests)| HostStatus {
                    cluster,
                    address: SocketAddress { ip: host.ip(), port: host.port(), protocol: Protocol::Tcp },
                    connections: requests,
                    requests,
                    place: String::new(),
                })
                .collect();
            let before = hosts.iter().map(|host| HostStatus { requests: 0, ..host.clone() }).collect();
            Proxy { pod, hosts, hosts_before: Some(before), ..Proxy::default() }
        })
        .collect();
    let missing =
        |proxy: &Proxy| Missing { what: format!("access/{}.log", proxy.pod), why: "pods/log is forbidden".to_owned() };
    evidence.manifest.missing.extend(evidence.proxies.iter().map(missing));
}

fn world(order: FamilyOrder) -> (MatrixWorld, Evidence) {
    let world = MatrixWorld::meshed(order);
    let mut evidence = world.evidence();
    forbid_logs(&mut evidence);
    (world, evidence)
}

fn that(holds: Holds, world: MatrixWorld, evidence: &Evidence) -> Vec<Finding> {
    let mut found = findings("K04", evidence, &world.scenario(), &MERGED);
    found.retain(|finding| finding.holds == holds);
    found
}

#[test]
fn both_families_are_proven_by_counters_and_the_report_says_so() {
    for order in ORDERS {
        let (world, evidence) = world(order);
        assert_eq!(red(&evidence, &world.scenario(), &MERGED), [].into(), "{order}");
        let proven = that(Holds::Yes, world, &evidence);
        assert!(proven.iter().all(|finding| finding.expected.contains("proof: counters")), "{proven:#?}");
        for family in IpFamily::BOTH {
            assert!(proven.iter().any(|finding| finding.family == Some(family)), "{order} {family}");
        }
        let lost = that(Holds::Unknown, world, &evidence);
        assert!(
            lost.iter().all(|finding| finding.seen.contains("for a cluster whose hosts stay")
                || finding.seen.contains("without doubt")),
            "{lost:#?}"
        );
    }
}

#[test]
fn with_logs_nothing_is_proven_by_counters() {
    let world = MatrixWorld::meshed(ORDERS[0]);
    let proven = that(Holds::Yes, world, &world.evidence());
    assert!(proven.iter().all(|finding| finding.expected.contains("proof: access logs")), "{proven:#?}");
}

#[test]
fn a_counter_that_grew_by_another_number_proves_none_of_its_calls() {
    for more in [true, false] {
        let (world, mut evidence) = world(ORDERS[0]);
        let before: usize = that(Holds::Yes, world, &evidence).len();
        for host in evidence.proxies.iter_mut().flat_map(|proxy| &mut proxy.hosts) {
            host.requests = if more { host.requests + 1 } else { host.requests - 1 };
        }
        assert_eq!(red(&evidence, &world.scenario(), &MERGED), [].into());
        assert_eq!((before > 0, that(Holds::Yes, world, &evidence)), (true, Vec::new()));
        let lost = that(Holds::Unknown, world, &evidence);
        assert!(lost.iter().any(|finding| finding.seen.contains("counters that agree")), "{lost:#?}");
    }
}
