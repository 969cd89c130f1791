//! What a server takes: its sockets, and the proxy in front of them.

use std::collections::BTreeSet;

use dualproof_wire::{Bind, Protocol};

use super::{Ending, Expected, MeshWorld, Mtls, ServerLeg, World};
use crate::family::IpFamily;
use crate::matrix::{CallCell, PortKind, ServerKind, ServerPod};

/// What becomes of a connection at a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is answered, over one of these families.
    Answered(BTreeSet<IpFamily>),
    /// It is not.
    Failed,
    /// It depends on an address that a load balancer picks.
    Varies,
}

impl Fate {
    /// Unites the fates at all servers of a cell, one of which gets the call.
    pub(super) fn of_all(cell: &CallCell, fate: impl Fn(&ServerPod) -> Self) -> Self {
        let fates = cell.servers.iter().map(fate);
        fates
            .reduce(|one, other| match (one, other) {
                (Self::Answered(one), Self::Answered(other)) => Self::Answered(&one | &other),
                (Self::Failed, Self::Failed) => Self::Failed,
                _ => Self::Varies,
            })
            .unwrap_or(Self::Varies)
    }

    /// The fate of a connection over one family.
    pub(super) fn over(bind: Bind, server: &ServerPod, family: IpFamily) -> Self {
        if accepts(bind, server, family) { Self::Answered([family].into()) } else { Self::Failed }
    }
}

/// Tells whether a socket takes connections to the podIP of a family. A sidecar dials that address, too, not loopback: inbound
/// clusters are ORIGINAL_DST (istio/istio:pilot/pkg/networking/core/cluster_builder.go), so an application on loopback alone
/// is not reached.
pub(super) fn accepts(bind: Bind, server: &ServerPod, family: IpFamily) -> bool {
    let has = server.ips.iter().any(|ip| IpFamily::of(ip) == family);
    has && match bind {
        Bind::DualAny => true,
        Bind::V4Any => family == IpFamily::IPv4,
        Bind::V6Only => family == IpFamily::IPv6,
        Bind::Address(address) => server.ips.contains(&address) && IpFamily::of(&address) == family,
    }
}

/// Returns the mesh when the cell's servers have sidecars.
pub(super) fn sidecar(cell: &CallCell, world: &World) -> Option<MeshWorld> {
    world.mesh.filter(|_| cell.server == ServerKind::Meshed)
}

/// Tells by which cluster the server's sidecar takes a call.
pub(super) fn leg(cell: &CallCell, world: &World) -> ServerLeg {
    match (sidecar(cell, world), cell.port) {
        (None, _) => ServerLeg::None,
        (Some(_), PortKind::Undeclared) => ServerLeg::Passthrough,
        (Some(_), PortKind::Declared | PortKind::Second) => ServerLeg::Port,
    }
}

/// States what becomes of plaintext at the server's sidecar before any family matters; `None` when it is let in.
pub(super) fn plaintext_refused(cell: &CallCell, world: &World) -> Option<Expected> {
    let mesh = sidecar(cell, world)?;
    if cell.protocol == Protocol::TcpServerFirst {
        return Some(Expected::failure(
            [Ending::Timeout],
            "the server's sidecar waits for the client's first bytes to tell plaintext from TLS, and the client for the server's: under              PERMISSIVE and STRICT, in each family, for ever, because protocolDetectionTimeout is 0s              (https://istio.io/latest/docs/ops/deployment/application-requirements/#server-first-protocols; seen on Istio 1.31)",
        ));
    }
    (mesh.mtls == Mtls::Strict).then(|| {
        Expected::failure(
            [Ending::Closed, Ending::Reset],
            "STRICT refuses plaintext in each family; calls to a podIP or a nodePort are plaintext from a meshed client, too \
             (istio/istio:pilot/pkg/networking/core/listener_inbound.go; seen on Istio 1.31)",
        )
    })
}

/// How a call ends that a proxy has taken and cannot deliver: closed, and over HTTP also answered by the proxy itself.
pub(super) fn proxy_gives_up(cell: &CallCell) -> BTreeSet<Ending> {
    let mut endings = BTreeSet::from([Ending::Closed, Ending::Reset]);
    if matches!(cell.protocol, Protocol::Http1 | Protocol::H2c) {
        endings.insert(Ending::Stranger);
    }
    endings
}
