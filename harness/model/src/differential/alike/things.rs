//! Evidence without what differs from run to run, so that two clusters that behave alike look alike.

use std::collections::{BTreeMap, BTreeSet};

use super::roles::Roles;
use super::thing::{Part, Thing};
use crate::differential::compare::Run;
use crate::evidence::{Evidence, Netns, Protocol, Proxy};
use crate::family::{IpFamily, split_listener_name};
use crate::plan::MeshKind;
use crate::spec::Matrix;

/// Things, each with all that it holds: rules in their order, all else sorted and each once.
pub(super) type Things = BTreeMap<Thing, Vec<String>>;

/// Lists all that a bundle holds.
pub(super) fn things(evidence: &Evidence, matrices: &[&Matrix]) -> Things {
    let roles = Roles::of(&evidence.objects);
    let mut things = Collected::default();
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
        for id in run.ids() {
            things.sets.insert(thing(Part::Call, id, ""), BTreeSet::from([run.end(id).to_string()]));
        }
    }
    let sets = things.sets.into_iter().map(|(thing, held)| (thing, held.into_iter().collect()));
    sets.chain(things.sequences).collect()
}

#[derive(Default)]
struct Collected {
    sets: BTreeMap<Thing, BTreeSet<String>>,
    sequences: Things,
}

fn thing(part: Part, name: impl Into<String>, pod: &str) -> Thing {
    Thing { part, name: name.into(), pod: pod.to_owned() }
}

fn of_proxy(proxy: &Proxy, pod: &str, roles: &Roles, things: &mut Collected) {
    for listener in proxy.listeners.iter().filter(|listener| listener.active) {
        let name = match split_listener_name(&listener.name) {
            Ok((address, port)) => format!("{} port {port}", roles.address(&address)),
            Err(_) => listener.name.clone(),
        };
        let held = things.sets.entry(thing(Part::Listener, name, pod)).or_default();
        held.extend(listener.addresses.iter().map(|address| roles.socket(address)));
    }
    for cluster in proxy.clusters.iter().filter(|cluster| cluster.active) {
        let sources: Vec<String> = cluster.bind_sources.iter().map(|address| roles.address(address)).collect();
        let said = format!("{}, {}, from [{}]", cluster.kind, cluster.dns_lookup_family, sources.join(", "));
        things.sets.entry(thing(Part::Cluster, &cluster.name, pod)).or_default().insert(said);
    }
    for load in &proxy.endpoints {
        let held = things.sets.entry(thing(Part::Endpoints, &load.cluster, pod)).or_default();
        held.extend(load.endpoints.iter().map(|endpoint| {
            let addresses: Vec<String> = endpoint.addresses.iter().map(|address| roles.socket(address)).collect();
            format!("{} {}", addresses.join(" then "), endpoint.health)
        }));
    }
}

fn of_namespace(netns: &Netns, pod: &str, roles: &Roles, things: &mut Collected) {
    for family in IpFamily::BOTH {
        if let Some(rules) = netns.rules.get(family) {
            for ((table, chain), held) in rules.neutral() {
                let rules = held.rules.into_iter().map(|rule| rule.meaning).collect();
                things.sequences.insert(thing(Part::Rules, format!("{family} {table} {chain}"), pod), rules);
            }
        }
        if let Some(sockets) = netns.sockets.get(family) {
            let tcp = sockets.iter().filter(|socket| socket.protocol == Protocol::Tcp);
            let tcp = tcp.map(|socket| roles.bound(&socket.address));
            things.sets.insert(thing(Part::Sockets, family.to_string(), pod), tcp.collect());
        }
    }
}
