//! The table as a whole: what it does not state, and that no claim stands without its twin.

use std::collections::BTreeMap;

use dualproof_model::family::IpFamily;
use dualproof_model::matrix::{CallCell, ClientKind, ServerKind, TargetKind};
use dualproof_model::truth::{Ending, Expected, expected_call};
use dualproof_wire::{Bind, Protocol};

use super::spelled::spelled;
use crate::calling::world::{ORDERS, PERMISSIVE, STRICT, cells, objects, roster};

#[test]
fn what_no_source_states_is_said_to_be_unstated() {
    let only = |protocol, client, server| {
        let objects = objects(ORDERS[0]);
        let all = cells(&roster(Bind::DualAny, protocol, true), &objects);
        let those = all.into_iter().filter(|cell| (cell.client.kind, cell.server) == (client, server));
        those
            .map(|cell| spelled(&expected_call(&cell, &PERMISSIVE)))
            .filter(|outcome| outcome != "none")
            .collect::<Vec<_>>()
    };
    let udp = only(Protocol::Udp, ClientKind::Naked, ServerKind::Naked);
    assert!(!udp.is_empty() && udp.iter().all(|outcome| outcome == "unstated"), "{udp:?}");
    let first = only(Protocol::TcpServerFirst, ClientKind::Naked, ServerKind::Meshed);
    assert!(first.iter().all(|outcome| outcome == "unstated" || outcome.starts_with("fails")), "{first:?}");
    let mutual = only(Protocol::TcpServerFirst, ClientKind::Meshed, ServerKind::Meshed);
    assert!(mutual.iter().any(|outcome| outcome.ends_with("mtls")), "{mutual:?}");
    let tcp: Vec<String> = [ClientKind::Meshed, ClientKind::Naked, ClientKind::Outside]
        .into_iter()
        .flat_map(|client| [ServerKind::Meshed, ServerKind::Naked].map(|server| only(Protocol::Tcp, client, server)))
        .flatten()
        .collect();
    assert!(!tcp.is_empty() && tcp.iter().all(|outcome| outcome != "unstated"));
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
