//! What counters prove where no log can be had: never a call that was not counted, and never beside other traffic.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use dualproof_model::evidence::{
    AccessLogLine, HostStatus, Objects, PodRef, Protocol as Transport, Proxy, SocketAddress,
};
use dualproof_model::matrix::{CallCell, Dial};
use dualproof_model::path::{Counted, Dialled, Path, Proof, count, prove};
use dualproof_model::truth::{ClientLeg, ServerLeg};
use dualproof_wire::{Bind, Protocol};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::calling::path::call::{BY_VIP, FROM_NAKED, of};
use crate::calling::trail::{Ports, Trail, trail};
use crate::calling::world::{ORDERS, PERMISSIVE, cells, objects, roster};

/// A counter: the proxy, the cluster and the host.
type Counter = (PodRef, String, std::net::SocketAddr);

fn counter(line: &AccessLogLine) -> Option<Counter> {
    Some((line.pod.clone(), line.cluster.clone()?, line.upstream_host?))
}

/// What the proxies that wrote these lines count: Envoy counts a host when it gives it a connection.
fn counted(lines: &[&AccessLogLine]) -> BTreeMap<Counter, u64> {
    let mut counters = BTreeMap::new();
    for counter in lines.iter().filter_map(|line| counter(line)) {
        *counters.entry(counter).or_default() += 1;
    }
    counters
}

fn proxies(before: &BTreeMap<Counter, u64>, after: &BTreeMap<Counter, u64>) -> Vec<Proxy> {
    let pods: BTreeSet<&PodRef> = before.keys().chain(after.keys()).map(|(pod, ..)| pod).collect();
    let hosts = |counters: &BTreeMap<Counter, u64>, of: &PodRef| -> Vec<HostStatus> {
        let own = counters.iter().filter(|((pod, ..), _)| pod == of);
        own.map(|((_, cluster, host), requests)| HostStatus {
            cluster: cluster.clone(),
            address: SocketAddress { ip: host.ip(), port: host.port(), protocol: Transport::Tcp },
            connections: *requests,
            requests: *requests,
            place: String::new(),
        })
        .collect()
    };
    pods.into_iter()
        .map(|pod| Proxy {
            pod: pod.clone(),
            hosts: hosts(after, pod),
            hosts_before: Some(hosts(before, pod)),
            ..Proxy::default()
        })
        .collect()
}

/// A call, and whether anything is known of it.
type Made = (Trail, bool);

/// Proves calls without any line, by these proxies.
fn proven(made: &[Made], proxies: &[Proxy], unlogged: bool) -> Vec<Proof> {
    let dialled: Vec<Dialled> =
        made.iter().filter_map(|(trail, _)| Dialled::of(&trail.testimony, &trail.cell, true)).collect();
    let mut paths: Vec<Option<Path>> = prove(&dialled, &[]).into_iter().map(Some).collect();
    let calls: Vec<Counted<'_>> = made
        .iter()
        .zip(&dialled)
        .map(|((trail, told), dialled)| Counted {
            cell: &trail.cell,
            dialled: told.then_some(dialled),
            lost: !told,
            answering: Some(&trail.answering),
            right: *told,
        })
        .collect();
    let pods = proxies.iter().map(|proxy| proxy.pod.clone()).filter(|_| unlogged).collect();
    count(&mut paths, &calls, proxies, &pods);
    paths.into_iter().flatten().map(|path| path.proof).collect()
}

/// Tells whether every proxy that a call crosses counts it for a host that stays.
fn is_countable(trail: &Trail) -> bool {
    let crossing = trail.answering.crossing;
    let client = match crossing.client {
        ClientLeg::None => true,
        ClientLeg::Service => !trail.cell.service.headless && !matches!(trail.cell.dial, Dial::PodIp(_)),
        ClientLeg::Passthrough => false,
    };
    client && crossing.server != ServerLeg::Passthrough && crossing != dualproof_model::truth::Crossing::NONE
}

/// Every answered cell that lacks lines when there is none.
static LAB: LazyLock<(Objects, Vec<CallCell>)> = LazyLock::new(|| {
    let objects = objects(ORDERS[1]);
    let mut cells = cells(&roster(Bind::DualAny, Protocol::Tcp, true), &objects);
    cells.retain(|cell| {
        trail(cell, &PERMISSIVE, &objects, 0, Ports::of(0)).is_some_and(|trail| !trail.lines.is_empty())
    });
    (objects, cells)
});

fn trails(picked: &[Index]) -> Vec<Made> {
    let (objects, cells) = &*LAB;
    let trails = picked.iter().zip(0_u16..);
    let trails =
        trails.filter_map(|(cell, n)| trail(cell.get(cells), &PERMISSIVE, objects, usize::from(n), Ports::of(n)));
    trails.map(|trail| (trail, true)).collect()
}

fn earlier(counters: &BTreeMap<Counter, u64>) -> BTreeMap<Counter, u64> {
    counters.keys().zip(3..).map(|(counter, was)| (counter.clone(), was)).collect()
}

/// Adds what was there before.
fn later(before: &BTreeMap<Counter, u64>, grown: &BTreeMap<Counter, u64>) -> BTreeMap<Counter, u64> {
    let mut after = before.clone();
    for (counter, grown) in grown {
        *after.entry(counter.clone()).or_default() += grown;
    }
    after
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    /// Where each proxy counted what it crossed and nothing else, all calls are proven whose hosts stay.
    #[test]
    fn counters_that_agree_prove_every_call_whose_hosts_stay(picked in vec(any::<Index>(), 1..20)) {
        let made = trails(&picked);
        let lines: Vec<&AccessLogLine> = made.iter().flat_map(|(trail, _)| &trail.lines).collect();
        let grown = counted(&lines);
        let before = earlier(&grown);
        let proofs = proven(&made, &proxies(&before, &later(&before, &grown)), true);
        for ((trail, _), proof) in made.iter().zip(proofs) {
            prop_assert_eq!(proof == Proof::Counters, is_countable(trail), "{}: {:?}", trail.cell.id, proof);
        }
    }

    /// A proxy that some calls went past proves none of those, nor one that could be meant.
    #[test]
    fn a_call_that_went_past_a_proxy_is_never_proven(
        picked in vec(any::<Index>(), 1..20),
        past in vec(any::<bool>(), 40),
    ) {
        let made = trails(&picked);
        let lines: Vec<(usize, &AccessLogLine)> =
            made.iter().enumerate().flat_map(|(n, (trail, _))| trail.lines.iter().map(move |line| (n, line))).collect();
        let (kept, lost): (Vec<_>, Vec<_>) = lines.iter().zip(past).partition(|(_, past)| !past);
        let kept: Vec<&AccessLogLine> = kept.into_iter().map(|((_, line), _)| *line).collect();
        let all: Vec<&AccessLogLine> = lines.iter().map(|(_, line)| *line).collect();
        let before = earlier(&counted(&all));
        let proofs = proven(&made, &proxies(&before, &later(&before, &counted(&kept))), true);
        for ((number, line), _) in lost {
            prop_assert!(proofs[*number] != Proof::Counters, "{}", line.place);
        }
    }

    /// Beside other traffic to its host no call is proven.
    #[test]
    fn other_traffic_makes_a_host_prove_nothing(
        picked in vec(any::<Index>(), 1..20),
        foreign in any::<Index>(),
        more in 1..5_u64,
    ) {
        let made = trails(&picked);
        let lines: Vec<&AccessLogLine> = made.iter().flat_map(|(trail, _)| &trail.lines).collect();
        let mut grown = counted(&lines);
        let before = earlier(&grown);
        let host = counter(lines[foreign.index(lines.len())]).unwrap_or_else(|| panic!("no host"));
        *grown.entry(host.clone()).or_default() += more;
        let proofs = proven(&made, &proxies(&before, &later(&before, &grown)), true);
        for ((trail, _), proof) in made.iter().zip(proofs) {
            let meets = trail.lines.iter().any(|line| counter(line).as_ref() == Some(&host));
            prop_assert!(!meets || proof != Proof::Counters, "{}", trail.cell.id);
        }
    }
}

/// Two calls of one client to one Service, and one of another client, with what the proxies counted of them.
fn three() -> (Vec<Made>, BTreeMap<Counter, u64>, BTreeMap<Counter, u64>) {
    let made: Vec<Made> = [of(BY_VIP, 2), of(BY_VIP, 4), of(FROM_NAKED, 6)].map(|trail| (trail, true)).into();
    let lines: Vec<&AccessLogLine> = made.iter().flat_map(|(trail, _)| &trail.lines).collect();
    let grown = counted(&lines);
    (made, earlier(&grown), grown)
}

fn why(proof: &Proof) -> String {
    match proof {
        Proof::Incomplete { missing } => missing.last().cloned().unwrap_or_default(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_keeps_counters_from_proving_is_said() {
    let (made, before, grown) = three();
    let after = later(&before, &grown);
    assert_eq!(proven(&made, &proxies(&before, &after), true), vec![Proof::Counters; 3]);
    let read = proven(&made, &proxies(&before, &after), false);
    assert!(read.iter().all(|proof| matches!(proof, Proof::Incomplete { .. })), "a log that lacks lines is no reason");

    let mut unread = proxies(&before, &after);
    unread.iter_mut().for_each(|proxy| proxy.hosts_before = None);
    assert!(why(&proven(&made, &unread, true)[0]).ends_with("they were not read before the calls"));
    let mut unread = proxies(&before, &after);
    unread.iter_mut().for_each(|proxy| proxy.hosts.clear());
    assert!(why(&proven(&made, &unread, true)[0]).ends_with("they were not read after the calls"));
    let anew = proven(&made, &proxies(&before, &grown), true);
    assert!(anew.iter().all(|proof| why(proof).contains("was made anew")), "{anew:?}");

    // Envoy may have made a host twice.
    let mut twice = proxies(&before, &after);
    for proxy in &mut twice {
        let half = |host: &HostStatus| HostStatus { requests: host.requests / 2, ..host.clone() };
        let more: Vec<HostStatus> = proxy.hosts.iter().map(half).collect();
        proxy.hosts.iter_mut().for_each(|host| host.requests -= host.requests / 2);
        proxy.hosts.extend(more);
    }
    assert_eq!(proven(&made, &twice, true), vec![Proof::Counters; 3]);

    // Nobody knows what became of one: what its client counted, and the server, may be its doing.
    let mut lost = made.clone();
    lost[1].1 = false;
    let proofs = proven(&lost, &proxies(&before, &after), true);
    assert!(why(&proofs[0]).contains("without doubt") && why(&proofs[2]).contains("without doubt"), "{proofs:?}");
}
