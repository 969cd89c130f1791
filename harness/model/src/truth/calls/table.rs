//! The table itself: first what does not depend on a mesh, then the client's half.

use dualproof_wire::Protocol;

use super::{Ending, Expected, World, datagram, meshed, naked};
use crate::matrix::{CallCell, ClientKind, Dial};

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
