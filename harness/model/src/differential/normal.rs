//! Evidence without what differs from run to run, so that two clusters that behave alike look alike.

use std::collections::{BTreeMap, BTreeSet};

use super::compare::Run;
use super::roles::Roles;
use crate::evidence::{Evidence, Netns, Protocol, Proxy};
use crate::family::{IpFamily, split_listener_name};
use crate::plan::MeshKind;
use crate::spec::Matrix;

/// What stands in one of two bundles alone, for one thing that both could have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlike {
    /// What it is: `listener outbound service dual-stack/tcp-echo over IPv6 port 9000 of pod sleep/sleep#0`.
    pub what: String,
    /// What only the first has.
    pub only_a: BTreeSet<String>,
    /// What only the second has.
    pub only_b: BTreeSet<String>,
}

/// Two bundles of the same kind of mesh, side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Likeness {
    /// How many things were compared.
    pub compared: usize,
    /// What is not alike; empty when both are.
    pub unlike: Vec<Unlike>,
}

/// Things by what they are, each with all that it holds.
type Things = BTreeMap<String, BTreeSet<String>>;

/// Compares what two bundles hold: listeners, clusters and endpoints of every proxy, rules and open TCP ports of every namespace, and how each call
/// of the matrices ended. Addresses are told by what they stand for, pods by their `app`, so that two runs that behave alike are equal. Rules
/// that are in another order are another rule set.
#[must_use]
pub fn likeness(a: &Evidence, b: &Evidence, matrices: &[&Matrix]) -> Likeness {
    let (a, b) = (things(a, matrices), things(b, matrices));
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let nothing = BTreeSet::new();
    let mut likeness = Likeness { compared: names.len(), unlike: Vec::new() };
    for what in names {
        let (one, other) = (a.get(what).unwrap_or(&nothing), b.get(what).unwrap_or(&nothing));
        let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| one.difference(other).cloned().collect();
        let unlike = Unlike { what: what.clone(), only_a: only(one, other), only_b: only(other, one) };
        if !unlike.only_a.is_empty() || !unlike.only_b.is_empty() {
            likeness.unlike.push(unlike);
        }
    }
    likeness
}

fn things(evidence: &Evidence, matrices: &[&Matrix]) -> Things {
    let roles = Roles::of(&evidence.objects);
    let mut things = Things::new();
    for proxy in &evidence.proxies {
        if let Some(pod) = roles.pod(&proxy.pod) {
            of_proxy(proxy, pod, &roles, &mut things);
        }
    }
    for netns in &evidence.netns {
        if let Some(pod) = roles.pod(&netns.pod) {
            of_namespace(netns, pod, &roles, &mut things);
        }
    }
    let meshed = evidence.manifest.cell.mesh != MeshKind::None;
    for matrix in matrices {
        let run = Run::of(matrix, evidence, meshed);
        let ends = run.ids().map(|id| (format!("call {id}"), BTreeSet::from([run.end(id).to_string()])));
        things.extend(ends);
    }
    things
}

fn of_proxy(proxy: &Proxy, pod: &str, roles: &Roles, things: &mut Things) {
    for listener in proxy.listeners.iter().filter(|listener| listener.active) {
        let name = match split_listener_name(&listener.name) {
            Ok((address, port)) => format!("{} port {port}", roles.address(&address)),
            Err(_) => listener.name.clone(),
        };
        let held = things.entry(format!("listener {name} of {pod}")).or_default();
        held.extend(listener.addresses.iter().map(|address| roles.socket(address)));
    }
    for cluster in proxy.clusters.iter().filter(|cluster| cluster.active) {
        let sources: Vec<String> = cluster.bind_sources.iter().map(|address| roles.address(address)).collect();
        let said = format!("{}, {}, from [{}]", cluster.kind, cluster.dns_lookup_family, sources.join(", "));
        things.entry(format!("cluster {} of {pod}", cluster.name)).or_default().insert(said);
    }
    for load in &proxy.endpoints {
        let held = things.entry(format!("endpoints of {} in {pod}", load.cluster)).or_default();
        held.extend(load.endpoints.iter().map(|endpoint| {
            let addresses: Vec<String> = endpoint.addresses.iter().map(|address| roles.socket(address)).collect();
            format!("{} {}", addresses.join(" then "), endpoint.health)
        }));
    }
}

fn of_namespace(netns: &Netns, pod: &str, roles: &Roles, things: &mut Things) {
    for family in IpFamily::BOTH {
        if let Some(rules) = netns.rules.get(family) {
            for ((table, chain), held) in rules.neutral() {
                let rules = held.rules.iter().enumerate().map(|(number, rule)| format!("{number}: {}", rule.meaning));
                things.insert(format!("{family} rules of {table} {chain} in {pod}"), rules.collect());
            }
        }
        if let Some(sockets) = netns.sockets.get(family) {
            let tcp = sockets.iter().filter(|socket| socket.protocol == Protocol::Tcp);
            let tcp = tcp.map(|socket| roles.bound(&socket.address));
            things.insert(format!("{family} sockets in {pod}"), tcp.collect());
        }
    }
}
