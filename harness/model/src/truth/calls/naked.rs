//! Calls of a client without a proxy: the cluster's own paths, and the server's sidecar at their end.

use std::collections::BTreeSet;

use super::server::{Fate, leg, plaintext_refused, proxy_gives_up, sidecar};
use super::{Answering, ClientLeg, Crossing, Ending, Expected, Peer, World};
use crate::family::IpFamily;
use crate::matrix::{CallCell, Dial};

const SERVICE_PATH: &str = "kube-proxy keeps the family of the address that was dialled \
                            (https://kubernetes.io/docs/concepts/services-networking/dual-stack/)";
const SIDECAR: &str = "the server's sidecar takes both families and dials its application over the family that arrived \
                       (istio/istio:pilot/pkg/networking/core/cluster_builder.go)";
const BOUND: &str = "nobody listens on the family that arrives";

pub(super) fn expected(cell: &CallCell, world: &World) -> Expected {
    if cell.dials_nothing() {
        return Expected::failure(
            [Ending::Refused, Ending::Reset, Ending::Timeout, Ending::Unreachable, Ending::Closed, Ending::Stranger],
            "kube-proxy has no rule for this address and port: the packet is dropped or refused by its mode, or leaves the cluster \
             by the default route, where anybody may answer but none of ours",
        );
    }
    if let Some(refused) = plaintext_refused(cell, world) {
        return refused;
    }
    if sidecar(cell, world).is_some() {
        // A sidecar takes every connection, so the first address connects and no other is tried.
        let Some(family) = cell.families_in_turn().first().copied() else { return no_family() };
        return match Fate::of_all(cell, |server| Fate::over(cell.bind, server, family)) {
            Fate::Answered(_) => answer(cell, world, family, SIDECAR),
            Fate::Failed => Expected::failure(proxy_gives_up(cell), BOUND),
            Fate::Varies => Expected::Unstated("the servers behind the Service are not bound alike"),
        };
    }
    for family in cell.families_in_turn() {
        match Fate::of_all(cell, |server| Fate::over(cell.bind, server, family)) {
            Fate::Answered(_) => return answer(cell, world, family, SERVICE_PATH),
            Fate::Failed => {}
            Fate::Varies => return Expected::Unstated("the servers behind the Service are not bound alike"),
        }
    }
    Expected::failure([Ending::Refused], BOUND)
}

fn answer(cell: &CallCell, world: &World, family: IpFamily, because: &'static str) -> Expected {
    let peer = match (&cell.dial, sidecar(cell, world)) {
        (_, Some(_)) => Peer::Sidecar,
        (Dial::NodePort(_), None) => Peer::Translated,
        (_, None) => Peer::ClientSocket,
    };
    let crossing = Crossing { client: ClientLeg::None, server: leg(cell, world), mutual: false };
    Expected::Answer(Answering {
        dialled: family,
        arrival: [family].into(),
        late: BTreeSet::new(),
        peer,
        crossing,
        because,
    })
}

fn no_family() -> Expected {
    Expected::Unstated("the Service has no family")
}
