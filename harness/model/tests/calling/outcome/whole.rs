//! The table as a whole: what it does not state, and that no claim stands without its twin.

use std::collections::BTreeMap;

use dualproof_model::family::IpFamily;
use dualproof_model::matrix::{CallCell, ServerKind, TargetKind};
use dualproof_model::truth::{Ending, Expected, World, expected_call};
use dualproof_wire::{Bind, Protocol};

use super::spelled::spelled;
use crate::calling::world::{ORDERS, PERMISSIVE, STRICT, cells, objects, roster, without_mesh};

#[test]
fn every_call_of_every_protocol_is_stated() {
    for protocol in [Protocol::Tcp, Protocol::TcpServerFirst, Protocol::Http1, Protocol::H2c, Protocol::Udp] {
        for world in [World::NO_MESH, PERMISSIVE, STRICT] {
            let objects = if world.mesh.is_some() { objects(ORDERS[0]) } else { without_mesh(objects(ORDERS[0])) };
            let all = cells(&roster(Bind::DualAny, protocol, world.mesh.is_some()), &objects);
            let unstated = all.iter().filter(|cell| spelled(&expected_call(cell, &world)) == "unstated");
            assert_eq!(unstated.map(|cell| &cell.id).next(), None, "{protocol:?} {world:?}");
        }
    }
}

/// The twins that a negative claim needs: each failing cell of a family has a cell that is answered over the same family.
#[test]
fn every_kind_of_target_is_answered_over_each_of_its_families() {
    for order in ORDERS {
        let objects = objects(order);
        let cells = cells(&roster(Bind::DualAny, Protocol::Tcp, true), &objects);
        let mut dialled: BTreeMap<(TargetKind, ServerKind), Vec<IpFamily>> = BTreeMap::new();
        for CallCell { target, server, .. } in &cells {
            dialled.entry((*target, *server)).or_default();
        }
        for cell in &cells {
            if let Expected::Answer(answering) = expected_call(cell, &STRICT) {
                dialled.entry((cell.target, cell.server)).or_default().push(answering.dialled);
            }
        }
        for ((target, server), families) in dialled {
            let service = objects.services.iter().find(|service| target.fits(service));
            for family in &service.unwrap_or_else(|| panic!("{target}")).families {
                assert!(
                    families.contains(family),
                    "{order}: nothing is answered by {target}, {server:?}, over {family}"
                );
            }
        }
    }
}

#[test]
fn endings_are_those_of_the_wire() {
    use dualproof_wire::Outcome;
    let table = [
        (Outcome::Closed, Ending::Closed),
        (Outcome::Refused, Ending::Refused),
        (Outcome::Reset, Ending::Reset),
        (Outcome::Timeout, Ending::Timeout),
        (Outcome::Unreachable, Ending::Unreachable),
        (Outcome::NoData, Ending::NoData),
        (Outcome::NxDomain, Ending::NxDomain),
        (Outcome::ServFail, Ending::ServFail),
        (Outcome::Tls("x".to_owned()), Ending::Tls),
        (Outcome::Failed("x".to_owned()), Ending::Failed),
    ];
    for (outcome, ending) in table {
        assert_eq!(Ending::of(&outcome), Some(ending));
    }
    assert_eq!(Ending::of(&Outcome::Replied(String::new())), None);
}
