//! One call and its path.

use dualproof_model::path::{Dialled, Path, Proof, prove, strays};
use dualproof_wire::{Bind, Protocol};

use crate::calling::trail::{Ports, Trail, trail};
use crate::calling::world::{ORDERS, PERMISSIVE, cells, objects, roster};

pub(super) const BY_VIP: &str = "meshed/meshed.dual-v6v4/9000-declared-tcp-dual-any/cluster-ip/v6";
pub(super) const BY_POD_IP: &str = "meshed/meshed.dual-v6v4/9000-declared-tcp-dual-any/pod-ip-0/v6";
pub(super) const TO_NAKED: &str = "meshed/naked.dual-v6v4/9000-declared-tcp-dual-any/cluster-ip/v6";
pub(super) const FROM_NAKED: &str = "naked/meshed.dual-v6v4/9000-declared-tcp-dual-any/cluster-ip/v6";
pub(super) const ALL_NAKED: &str = "naked/naked.dual-v6v4/9000-declared-tcp-dual-any/cluster-ip/v6";
pub(super) const BY_NODE_PORT: &str = "outside/meshed.dual-v6v4/9000-declared-tcp-dual-any/node-port-node-1/v6";

pub(super) fn of(id: &str, number: u16) -> Trail {
    let objects = objects(ORDERS[0]);
    let cells = cells(&roster(Bind::DualAny, Protocol::Tcp, true), &objects);
    let cell = cells.iter().find(|cell| cell.id == id).unwrap_or_else(|| panic!("no cell {id}"));
    trail(cell, &PERMISSIVE, &objects, usize::from(number), Ports::of(number))
        .unwrap_or_else(|| panic!("{id} is not answered"))
}

pub(super) fn dialled(trail: &Trail) -> Dialled {
    Dialled::of(&trail.testimony, &trail.cell, true).unwrap_or_else(|| panic!("no attempt"))
}

pub(super) fn path(trail: &Trail) -> Path {
    prove(&[dialled(trail)], &trail.lines).remove(0)
}

pub(super) fn words(trail: &Trail, path: &Path) -> Vec<String> {
    strays(path, &trail.cell, &trail.answering).iter().map(ToString::to_string).collect()
}

pub(super) fn missing(path: &Path) -> Vec<String> {
    match &path.proof {
        Proof::Incomplete { missing } => missing.clone(),
        other => panic!("{other:?}"),
    }
}
