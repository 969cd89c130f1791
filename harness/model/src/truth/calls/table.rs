//! The table itself: first what does not depend on a mesh, then the client's half.

use dualproof_wire::{Protocol, Records};

use super::{Ending, Expected, World, datagram, meshed, naked};
use crate::family::IpFamily;
use crate::matrix::{CallCell, ClientKind, Dial, PortKind};

/// Tells what a cell's call must come to.
///
/// With [`World::NO_MESH`] every pod is naked, whatever the roster calls it: the other half of the no-mesh differential.
#[must_use]
pub fn expected_call(cell: &CallCell, world: &World) -> Expected {
    if let Err(absent) = &cell.to {
        return Expected::NotApplicable(absent.to_string());
    }
    if let (Dial::Name(_), Some(family)) = (&cell.dial, cell.family)
        && !cell.service.families.contains(&family)
    {
        return Expected::failure(
            [Ending::NoData],
            "a name without an address of a family is NOERROR without data, not NXDOMAIN (RFC 2308, section 2.2; \
             https://github.com/kubernetes/dns/blob/master/docs/specification.md)",
        );
    }
    if cell.protocol == Protocol::Udp {
        return datagram::expected(cell);
    }
    match world.mesh.filter(|_| cell.client.kind == ClientKind::Meshed) {
        Some(mesh) => meshed::expected(cell, world, mesh),
        None => naked::expected(cell, world),
    }
}

/// Lists the families of the addresses that the client tries, in the order in which it does. The prober takes IPv6 first
/// where it looks up both records (`dualproof_wire::Records::Both`).
pub(super) fn families_in_turn(cell: &CallCell) -> Vec<IpFamily> {
    match (&cell.dial, cell.family) {
        (Dial::Name(Records::Both), _) => {
            let turn = [IpFamily::IPv6, IpFamily::IPv4];
            turn.into_iter().filter(|family| cell.service.families.contains(family)).collect()
        }
        (_, family) => family.into_iter().collect(),
    }
}

/// Tells whether no Service stands behind the address and port: a clusterIP's undeclared port, a nodePort of a family that
/// the Service lacks.
pub(super) fn dials_nothing(cell: &CallCell) -> bool {
    match &cell.dial {
        Dial::ClusterIp => cell.port == PortKind::Undeclared,
        Dial::Name(_) => cell.port == PortKind::Undeclared && !cell.service.headless,
        Dial::PodIp(_) => false,
        Dial::NodePort(_) => cell.family.is_none_or(|family| !cell.service.families.contains(&family)),
    }
}
