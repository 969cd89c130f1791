//! Evidence without what differs from run to run, so that two clusters that behave alike look alike.

use std::collections::{BTreeMap, BTreeSet};

use super::Side;
use super::roles::Roles;
use super::thing::{Part, Thing};
use crate::differential::End;
use crate::differential::compare::Run;
use crate::evidence::{ClusterEndpoints, Netns, Protocol, Proxy};
use crate::family::{IpFamily, split_listener_name};
use crate::plan::MeshKind;
use crate::spec::Matrix;
use crate::truth::{Ending, Expected, World, expected_call};

/// Things, each with all that it holds: rules in their order, all else sorted and each once.
pub(super) type Things = BTreeMap<Thing, Vec<String>>;

/// Lists all that a bundle holds.
pub(super) fn things(side: &Side<'_>, matrices: &[&Matrix]) -> Things {
    let evidence = side.evidence;
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
    let world = if meshed { side.shapes.map(World::meshed) } else { Some(World::NO_MESH) };
    for matrix in matrices {
        let run = Run::of(matrix, evidence, meshed);
        for id in run.ids() {
            let expected =
                run.cell(id).zip(world).map(|(cell, world)| expected_call(cell, &world.around(cell, matrix)));
            things.sets.insert(thing(Part::Call, id, ""), BTreeSet::from([ended(&run.end(id), expected.as_ref())]));
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

/// Says how a call ended. Where several ends are right and chance decides between them, they are one: a proxy that gives up closes or resets, and of
/// two proxies that race either may win.
fn ended(end: &End, expected: Option<&Expected>) -> String {
    const GIVEN_UP: [Ending; 2] = [Ending::Closed, Ending::Reset];
    let Some(Expected::Failure(failing)) = expected else { return end.to_string() };
    let is_right = match (end, &failing.raced) {
        (End::Ended(ending), Some(_)) => failing.endings.contains(ending),
        (End::Answered { arrived, .. }, Some(raced)) => raced.arrival.contains(arrived) || raced.late.contains(arrived),
        (End::Ended(ending), None) => {
            GIVEN_UP.contains(ending) && GIVEN_UP.iter().all(|given_up| failing.endings.contains(given_up))
        }
        (End::Answered { .. }, None) | (End::Lost(_), _) => false,
    };
    match &failing.raced {
        _ if !is_right => end.to_string(),
        Some(raced) => {
            let families: Vec<_> = raced.arrival.union(&raced.late).map(ToString::to_string).collect();
            format!("given up, or answered over {}", families.join(" or "))
        }
        None => "given up".to_owned(),
    }
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
    // What Envoy dials by an address that it was given has the hosts that were called lately, and forgets them.
    let is_lasting = |load: &&ClusterEndpoints| {
        !proxy.clusters.iter().any(|cluster| cluster.name == load.cluster && cluster.kind == "ORIGINAL_DST")
    };
    for load in proxy.endpoints.iter().filter(is_lasting) {
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
