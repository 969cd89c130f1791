//! What the proxies' counters prove of calls whose lines cannot be had: each host was given exactly the calls that must have gone there.
//!
//! Weaker than a chain: a counter does not know which call it counted. It proves a call only when the host's counter grew by the
//! number of calls that owe it one, and no call is about that may have been counted or not.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{Dialled, Hop, Path, Proof, Side};
use crate::evidence::{ClusterName, Direction, HostStatus, PodRef, Proxy};
use crate::matrix::{CallCell, Dial, PortKind, ServerPod};
use crate::truth::{Answering, ClientLeg, ServerLeg};

/// A call as the counters may have met it.
#[derive(Clone, Copy, Debug)]
pub struct Counted<'a> {
    /// Its cell.
    pub cell: &'a CallCell,
    /// Its two ends; `None` when nothing was tried, or nobody knows.
    pub dialled: Option<&'a Dialled>,
    /// Nobody knows what became of it.
    pub lost: bool,
    /// How it was answered, as the truth table has it; `None` for every other call.
    pub answering: Option<&'a Answering>,
    /// It ended as the truth table has it.
    pub right: bool,
}

/// A counter: of a proxy, for one cluster and one host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Counter {
    proxy: PodRef,
    cluster: Cluster,
    /// The host's addresses: the pod's own behind an outbound cluster, the one that was dialled behind an inbound one.
    host: Vec<IpAddr>,
}

/// Clusters whose hosts stay, so that their counters can be held against earlier ones. The hosts of passthrough clusters and of headless
/// Services go away when nobody asks for them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cluster {
    Outbound { namespace: String, service: String, port: u16 },
    Inbound { port: u16 },
}

/// Proves by counters what lacks lines. `unlogged` are the pods whose log cannot be had; a call with none of them on its way keeps
/// the path that it has, and so does one whose lines are there or contradict each other.
///
/// `paths` are those of `calls`, in their order. Calls that are not told of may have been counted, so all belong into `calls`.
pub fn count(paths: &mut [Option<Path>], calls: &[Counted<'_>], proxies: &[Proxy], unlogged: &BTreeSet<PodRef>) {
    if unlogged.is_empty() {
        return;
    }
    let mut due: BTreeMap<Counter, u64> = BTreeMap::new();
    let mut doubtful = BTreeSet::new();
    for call in calls {
        match owed(call) {
            Some(counters) => counters.into_iter().for_each(|(_, counter)| *due.entry(counter).or_default() += 1),
            None => doubtful.extend(doubts(call)),
        }
    }
    for (path, call) in paths.iter_mut().zip(calls) {
        let Some(Path { proof, hops, .. }) = path else { continue };
        let Proof::Incomplete { missing } = proof else { continue };
        let on_way = call.cell.client.pod.iter().cloned().chain(server(call));
        let Some(answering) = call.answering.filter(|_| on_way.into_iter().any(|pod| unlogged.contains(&pod))) else {
            continue;
        };
        match confirm(call, answering, &due, &doubtful, proxies) {
            Ok(()) => {
                *proof = Proof::Counters;
                // What a part of the chain shows is another thing than what is proven.
                hops.retain(|hop| !matches!(hop, Hop::Proxy { .. }));
            }
            Err(why) => missing.push(why),
        }
    }
}

fn confirm(
    call: &Counted<'_>,
    answering: &Answering,
    due: &BTreeMap<Counter, u64>,
    doubtful: &BTreeSet<(PodRef, Cluster)>,
    proxies: &[Proxy],
) -> Result<(), String> {
    let counters = owed(call).unwrap_or_default();
    let shown = |side| counters.iter().any(|(of, _)| *of == side);
    for (side, is_crossed) in [
        (Side::Client, answering.crossing.client != ClientLeg::None),
        (Side::Server, answering.crossing.server != ServerLeg::None),
    ] {
        if is_crossed && !shown(side) {
            return Err(format!("a counter of {side} for a cluster whose hosts stay"));
        }
    }
    for (_, counter) in &counters {
        let Counter { proxy, cluster, .. } = counter;
        if doubtful.contains(&(proxy.clone(), cluster.clone())) {
            return Err(format!(
                "counters without doubt: a call that did not end as it should may be among those of {proxy}"
            ));
        }
        let due = due.get(counter).copied().unwrap_or_default();
        match grown(counter, proxies) {
            Ok(grown) if grown == due => {}
            Ok(grown) => {
                return Err(format!("counters that agree: those of {proxy} grew by {grown} where {due} calls went"));
            }
            Err(why) => return Err(format!("counters of {proxy}: {why}")),
        }
    }
    Ok(())
}

/// Lists the counters that an answered call owes; `None` for a call that was not answered as it should be.
fn owed(call: &Counted<'_>) -> Option<Vec<(Side, Counter)>> {
    let answering = call.answering.filter(|_| call.right)?;
    let answer = call.dialled?.answer.as_ref()?;
    let server = server(call)?;
    let mut counters = Vec::new();
    if let (Some(proxy), Some(cluster)) = (call.cell.client.pod.clone(), outbound(call.cell))
        && answering.crossing.client == ClientLeg::Service
    {
        let pods = call.cell.servers.iter().filter(|pod| pod.pod == server);
        let host = pods.flat_map(|pod: &ServerPod| pod.ips.iter().copied()).collect();
        counters.push((Side::Client, Counter { proxy, cluster, host }));
    }
    if answering.crossing.server == ServerLeg::Port {
        let cluster = Cluster::Inbound { port: call.cell.number };
        counters.push((Side::Server, Counter { proxy: server, cluster, host: vec![answer.local.ip()] }));
    }
    Some(counters)
}

/// Lists the clusters that may have counted a call or not: the client's proxy takes what it cannot deliver, the server's what it
/// should not have taken.
fn doubts(call: &Counted<'_>) -> Vec<(PodRef, Cluster)> {
    let was_tried = call.lost || call.dialled.is_some();
    let client = call.cell.client.pod.clone().filter(|_| was_tried).zip(outbound(call.cell));
    let servers = call.cell.servers.iter().filter(|_| was_tried && !call.right);
    let servers = servers.map(|server| (server.pod.clone(), Cluster::Inbound { port: call.cell.number }));
    client.into_iter().chain(servers).collect()
}

fn outbound(cell: &CallCell) -> Option<Cluster> {
    let by_service = matches!(cell.dial, Dial::ClusterIp | Dial::Name(_)) && !cell.service.headless;
    let (namespace, service) = (cell.service.namespace.clone(), cell.service.name.clone());
    let is_named = cell.port != PortKind::Undeclared;
    (by_service && is_named).then_some(Cluster::Outbound { namespace, service, port: cell.number })
}

fn server(call: &Counted<'_>) -> Option<PodRef> {
    let answer = call.dialled?.answer.as_ref()?;
    Some(PodRef { namespace: answer.namespace.clone(), name: answer.pod.clone() })
}

/// Tells by how much a counter grew over the calls.
///
/// # Errors
/// When it is not known before or after, or a host was made anew in between.
fn grown(counter: &Counter, proxies: &[Proxy]) -> Result<u64, String> {
    let proxy = proxies.iter().find(|proxy| proxy.pod == counter.proxy).ok_or("there is no dump of it")?;
    let before = proxy.hosts_before.as_deref().ok_or("they were not read before the calls")?;
    if proxy.hosts.is_empty() {
        return Err("they were not read after the calls".to_owned());
    }
    let of = |hosts: &'_ [HostStatus]| -> BTreeMap<(IpAddr, u16), u64> {
        let mut sums = BTreeMap::new();
        // Two threads of Envoy that meet an address at the same time make two hosts of it.
        for host in hosts.iter().filter(|host| counter.is_of(host)) {
            *sums.entry((host.address.ip, host.address.port)).or_default() += host.requests;
        }
        sums
    };
    let (before, after) = (of(before), of(&proxy.hosts));
    let mut grown = 0;
    for (host, was) in &before {
        let is = after.get(host).filter(|is| *is >= was);
        is.ok_or_else(|| format!("the host {} was made anew while calls were made", host.0))?;
    }
    for (host, is) in &after {
        grown += is - before.get(host).copied().unwrap_or_default();
    }
    Ok(grown)
}

impl Counter {
    fn is_of(&self, host: &HostStatus) -> bool {
        let Some(name) = ClusterName::parse(&host.cluster) else { return false };
        let is_cluster = match &self.cluster {
            Cluster::Outbound { namespace, service, port } => name.serves(namespace, service, *port),
            Cluster::Inbound { port } => name.direction == Direction::Inbound && name.port == *port,
        };
        is_cluster && self.host.contains(&host.address.ip)
    }
}
