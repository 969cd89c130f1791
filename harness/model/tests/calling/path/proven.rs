//! What is proven.

use dualproof_model::evidence::AccessLogLine;
use dualproof_model::family::IpFamily;
use dualproof_model::matrix::Dial;
use dualproof_model::path::{Dialled, Hop, Identity, Leg, Proof, Side, prove};
use dualproof_model::truth::World;
use dualproof_wire::{Bind, Protocol};

use super::call::{BY_NODE_PORT, BY_VIP, of, path, words};
use crate::calling::trail::{Ports, Trail, trail};
use crate::calling::world::{ORDERS, PERMISSIVE, cells, ip, objects, roster, without_mesh};

#[test]
fn every_answered_cell_is_proven_and_by_its_ends_where_a_node_rewrote_them() {
    for (order, meshed) in [(ORDERS[0], true), (ORDERS[1], true), (ORDERS[0], false)] {
        let world = if meshed { PERMISSIVE } else { World::NO_MESH };
        let objects = if meshed { objects(order) } else { without_mesh(objects(order)) };
        let cells = cells(&roster(Bind::DualAny, Protocol::Tcp, meshed), &objects);
        let trails: Vec<Trail> = cells
            .iter()
            .enumerate()
            .filter_map(|(number, cell)| {
                trail(cell, &world, &objects, number, Ports::of(u16::try_from(number).unwrap_or(0)))
            })
            .collect();
        let calls: Vec<Dialled> =
            trails.iter().filter_map(|trail| Dialled::of(&trail.testimony, &trail.cell, meshed)).collect();
        let lines: Vec<AccessLogLine> = trails.iter().flat_map(|trail| trail.lines.clone()).collect();
        assert_eq!(calls.len(), trails.len());
        for (trail, path) in trails.iter().zip(prove(&calls, &lines)) {
            if matches!(trail.cell.dial, Dial::NodePort(_)) {
                match trail.lines.is_empty() {
                    true => {
                        assert!(matches!(path.proof, Proof::Ambiguous { .. }), "{} {:?}", trail.cell.id, path.proof)
                    }
                    false => assert_eq!(path.proof, Proof::Ends, "{order} {}", trail.cell.id),
                }
                if trail.lines.is_empty() {
                    continue;
                }
            } else {
                assert_eq!(path.proof, Proof::Proven, "{order} {}", trail.cell.id);
            }
            assert_eq!(words(trail, &path), [""; 0], "{order} {}", trail.cell.id);
            assert_eq!(path.hops.len(), 2 + trail.lines.len());
        }
    }
}

#[test]
fn a_call_from_outside_shows_the_line_of_the_server_s_proxy() {
    let trail = of(BY_NODE_PORT, 5);
    let path = path(&trail);
    let [Hop::Client { socket, .. }, Hop::Proxy { side: Side::Server, line }, Hop::Application { peer, .. }] =
        path.hops.as_slice()
    else {
        panic!("{:?}", path.hops)
    };
    assert_ne!(line.remote(), Some(*socket), "a node stands between");
    assert_eq!((Some(*peer), &line.downstream_peer), (line.upstream_local, &None));
    assert_eq!(path.facts.legs, [(Leg::Dialled, IpFamily::IPv6), (Leg::ToApplication, IpFamily::IPv6)]);
    assert_eq!((path.proof.clone(), words(&trail, &path)), (Proof::Ends, Vec::new()));
}

#[test]
fn a_proven_path_names_hops_families_and_identities() {
    let trail = of(BY_VIP, 5);
    let path = path(&trail);
    let [
        Hop::Client { socket, dialled },
        Hop::Proxy { side: Side::Client, line: client },
        Hop::Proxy { side: Side::Server, line: server },
        Hop::Application { pod, peer, local },
    ] = path.hops.as_slice()
    else {
        panic!("{:?}", path.hops)
    };
    assert_eq!((socket.port(), dialled.ip()), (10_005, ip("fd00:10:96::15")));
    assert_eq!(client.remote(), Some(*socket));
    assert_eq!(server.remote(), client.upstream_local);
    assert_eq!(Some(*peer), server.upstream_local);
    assert_eq!((pod.name.as_str(), local.port()), ("echo-2", 9000));
    let legs = [(Leg::Dialled, IpFamily::IPv6), (Leg::Between, IpFamily::IPv4), (Leg::ToApplication, IpFamily::IPv4)];
    assert_eq!(path.facts.legs, legs);
    let Identity::Mutual { client, server } = path.facts.identity else { panic!("{:?}", path.facts.identity) };
    assert_eq!(client, "spiffe://cluster.local/ns/clients/sa/client");
    assert_eq!(server, "spiffe://cluster.local/ns/servers/sa/echo");
}
