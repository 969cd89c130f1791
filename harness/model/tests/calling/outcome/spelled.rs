//! Outcomes as words.

use std::collections::BTreeMap;

use dualproof_model::family::{FamilyOrder, IpFamily};
use dualproof_model::truth::{ClientLeg, Expected, Peer, ServerLeg, World, expected_call};
use dualproof_wire::{Bind, Protocol};

use crate::calling::world::{ORDERS, cells, objects, roster, without_mesh};

/// Spells what is expected: `v6>v4 sidecar service+port mtls`, `fails closed reset`, `none`, `unstated`.
pub(super) fn spelled(expected: &Expected) -> String {
    let family = |family: IpFamily| if family == IpFamily::IPv4 { "v4" } else { "v6" };
    match expected {
        Expected::Answer(answering) => {
            let arrival: Vec<&str> = answering.arrival.iter().map(|one| family(*one)).collect();
            let peer = match answering.peer {
                Peer::Sidecar => "sidecar",
                Peer::ClientSocket => "socket",
                Peer::ClientPod => "pod",
                Peer::Translated => "translated",
            };
            let client = match answering.crossing.client {
                ClientLeg::None => "none",
                ClientLeg::Service => "service",
                ClientLeg::Passthrough => "pass",
            };
            let server = match answering.crossing.server {
                ServerLeg::None => "none",
                ServerLeg::Port => "port",
                ServerLeg::Passthrough => "pass",
            };
            let tls = if answering.crossing.mutual { "mtls" } else { "plain" };
            format!("{}>{} {peer} {client}+{server} {tls}", family(answering.dialled), arrival.join("|"))
        }
        Expected::Failure(failing) => {
            let endings: Vec<String> = failing.endings.iter().map(ToString::to_string).collect();
            format!("fails {}", endings.join(" "))
        }
        Expected::NotApplicable(_) => "none".to_owned(),
        Expected::Unstated(_) => "unstated".to_owned(),
    }
}

/// The outcome of every cell by its id, without the port's protocol and bind mode.
pub(super) fn outcomes(order: FamilyOrder, world: &World, bind: Bind, protocol: Protocol) -> BTreeMap<String, String> {
    let meshed = world.mesh.is_some();
    let objects = if meshed { objects(order) } else { without_mesh(objects(order)) };
    cells(&roster(bind, protocol, meshed), &objects)
        .iter()
        .map(|cell| {
            let mut parts: Vec<&str> = cell.id.split('/').collect();
            parts[2] = cell.port.as_str();
            (parts.join("/"), spelled(&expected_call(cell, world)))
        })
        .collect()
}

/// Holds rows `<id> = <outcome>` against the table in both orders. `P` is the family of podIPs[0], `Q` the other one.
pub(super) fn holds(world: &World, bind: Bind, protocol: Protocol, rows: &str) {
    for order in ORDERS {
        let outcomes = outcomes(order, world, bind, protocol);
        let (first, second) = if order == FamilyOrder::V4First { ("v4", "v6") } else { ("v6", "v4") };
        for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
            let (id, expected) = row.split_once(" = ").unwrap_or_else(|| panic!("{row}"));
            let (id, expected) =
                (id.replace('P', first).replace('Q', second), expected.replace('P', first).replace('Q', second));
            assert_eq!(outcomes.get(&id), Some(&expected), "{order}: {id}");
        }
    }
}
