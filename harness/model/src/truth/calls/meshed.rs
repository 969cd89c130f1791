//! Calls of a client with a sidecar.

use std::collections::BTreeSet;

use super::server::{Fate, accepts, leg, plaintext_refused, proxy_gives_up, sidecar};
use super::{Answering, ClientLeg, Crossing, Ending, Expected, Failing, MeshWorld, Outbound, Peer, World};
use crate::family::IpFamily;
use crate::matrix::{CallCell, Dial, PortKind, ServerPod};
use crate::spec::EndpointShape;

const PRIMARY: &str = "for a dual Service Envoy dials podIPs[0] whichever clusterIP was dialled; a sidecar at the other end takes \
                       both families, so no other address is tried (istio/istio#51279, \
                       istio/istio:tests/integration/pilot/ds_ep_loadbalancer_test.go)";
const FALLBACK: &str = "for a dual Service Envoy tries podIPs in their order, 300 ms apart, until a naked server takes one \
                        (istio/istio:pilot/pkg/xds/endpoints/endpoint_builder.go, ds_ep_loadbalancer_test.go)";
const SINGLE: &str = "the Service's endpoints have one family, whatever podIPs there are";
const SPLIT: &str =
    "each address is an endpoint of its own, and either may be picked (Istio up to 1.23, istio/istio#51279)";
const HEADLESS: &str = "a headless Service's podIPs have a listener each; their cluster is ORIGINAL_DST, and speaks mTLS when \
                        every endpoint has a sidecar (istio/istio#20231, istio/istio#49584)";
const PASSTHROUGH: &str = "Envoy has no listener for this address, so it passes the call through in plaintext over the family that \
                           was dialled (istio/istio:pilot/pkg/networking/core/listener_builder.go)";
const BOUND: &str = "nobody listens on the family that arrives, and the client's proxy has taken the call already \
                     (istio/istio:tests/integration/pilot/ds_ep_loadbalancer_test.go `check.NotOK`)";
const RACE: &str = "nobody listens on podIPs[0]'s family, and the client's proxy has taken the call already \
                    (istio/istio:tests/integration/pilot/ds_ep_loadbalancer_test.go `check.NotOK`); where the server's proxy is told so \
                    before it has answered the TLS handshake, the client's proxy tries the next address (seen on Istio 1.31 under load)";

pub(super) fn expected(cell: &CallCell, world: &World, mesh: MeshWorld) -> Expected {
    // The client's own proxy takes every connection, so the first address of a name connects and no other is tried.
    let Some(dialled) = cell.families_in_turn().first().copied() else {
        return Expected::Unstated("the Service has no family");
    };
    match way(cell) {
        Way::Service => by_service(cell, world, mesh, dialled),
        Way::Headless => by_headless(cell, world, dialled),
        Way::Passthrough if mesh.outbound == Outbound::RegistryOnly => Expected::failure(
            proxy_gives_up(cell),
            "REGISTRY_ONLY sends destinations that no listener knows to BlackHoleCluster in each family",
        ),
        Way::Passthrough => by_passthrough(cell, world, dialled),
    }
}

enum Way {
    Service,
    Headless,
    Passthrough,
}

fn way(cell: &CallCell) -> Way {
    let named = cell.port != PortKind::Undeclared;
    match (&cell.dial, cell.service.headless) {
        (Dial::ClusterIp | Dial::Name(_), false) if named => Way::Service,
        (Dial::Name(_), true) if named => Way::Headless,
        (Dial::PodIp(_), _) if cell.headless_listener => Way::Headless,
        _ => Way::Passthrough,
    }
}

fn by_service(cell: &CallCell, world: &World, mesh: MeshWorld, dialled: IpFamily) -> Expected {
    let has_sidecar = sidecar(cell, world).is_some();
    let dual = |server: &ServerPod| cell.service.cluster_ips > 1 && server.ips.len() > 1;
    let merged = mesh.endpoints == EndpointShape::Merged && cell.servers.iter().all(dual);
    let usable = |server: &ServerPod| -> Vec<IpFamily> {
        let families = server.ips.iter().map(IpFamily::of);
        families.filter(|family| cell.service.families.contains(family)).collect()
    };
    let fate = Fate::of_all(cell, |server| {
        let families = usable(server);
        if merged && has_sidecar {
            return families.first().map_or(Fate::Failed, |first| Fate::over(cell.bind, server, *first));
        }
        let taken: BTreeSet<IpFamily> =
            families.iter().copied().filter(|family| accepts(cell.bind, server, *family)).collect();
        if merged {
            let first = families.into_iter().find(|family| taken.contains(family));
            return first.map_or(Fate::Failed, |family| Fate::Answered([family].into()));
        }
        match taken.len() {
            0 => Fate::Failed,
            some if some == families.len() => Fate::Answered(taken),
            _ => Fate::Varies,
        }
    });
    let because = match (merged, has_sidecar, cell.service.families.len()) {
        (true, true, _) => PRIMARY,
        (true, false, _) => FALLBACK,
        (false, _, 1) => SINGLE,
        (false, _, _) => SPLIT,
    };
    let by = (ClientLeg::Service, has_sidecar, because);
    // What a second try would reach: an address of the same pods on which their application listens.
    let second: BTreeSet<IpFamily> = match cell.servers.first().filter(|_| merged && has_sidecar) {
        Some(server) => usable(server).into_iter().filter(|family| accepts(cell.bind, server, *family)).collect(),
        None => BTreeSet::new(),
    };
    match fate {
        Fate::Answered(arrival) => {
            let late = second.difference(&arrival).copied().collect();
            Expected::Answer(Answering { late, ..answering(cell, world, dialled, arrival, by) })
        }
        Fate::Failed if second.is_empty() => Expected::failure(proxy_gives_up(cell), BOUND),
        Fate::Failed => {
            let raced = Some(answering(cell, world, dialled, second, by));
            Expected::Failure(Failing { endings: proxy_gives_up(cell), raced, because: RACE })
        }
        Fate::Varies => Expected::Unstated("an address is picked on which nobody may listen"),
    }
}

fn by_headless(cell: &CallCell, world: &World, dialled: IpFamily) -> Expected {
    let has_sidecar = sidecar(cell, world).is_some();
    let mutual = has_sidecar && cell.service.all_meshed;
    if has_sidecar
        && !mutual
        && let Some(refused) = plaintext_refused(cell, world)
    {
        return refused;
    }
    delivered(cell, world, dialled, (ClientLeg::Service, mutual, HEADLESS))
}

fn by_passthrough(cell: &CallCell, world: &World, dialled: IpFamily) -> Expected {
    if cell.dials_nothing() {
        let endings = proxy_gives_up(cell).into_iter().chain([Ending::Timeout, Ending::Stranger]);
        return Expected::failure(
            endings,
            "the client's proxy takes the call and passes it on to an address and port for which kube-proxy has no rule; beyond the \
             default route anybody may answer, but none of ours",
        );
    }
    if let Some(refused) = plaintext_refused(cell, world) {
        return match refused {
            Expected::Failure(failing) => {
                Expected::failure(failing.endings.into_iter().chain(proxy_gives_up(cell)), failing.because)
            }
            other => other,
        };
    }
    delivered(cell, world, dialled, (ClientLeg::Passthrough, false, PASSTHROUGH))
}

/// A call that keeps its family from end to end.
fn delivered(cell: &CallCell, world: &World, dialled: IpFamily, by: (ClientLeg, bool, &'static str)) -> Expected {
    match Fate::of_all(cell, |server| Fate::over(cell.bind, server, dialled)) {
        Fate::Answered(arrival) => Expected::Answer(answering(cell, world, dialled, arrival, by)),
        Fate::Failed => Expected::failure(proxy_gives_up(cell), BOUND),
        Fate::Varies => Expected::Unstated("the servers behind the Service are not bound alike"),
    }
}

fn answering(
    cell: &CallCell,
    world: &World,
    dialled: IpFamily,
    arrival: BTreeSet<IpFamily>,
    (client, mutual, because): (ClientLeg, bool, &'static str),
) -> Answering {
    let translated = matches!(cell.dial, Dial::NodePort(_));
    let peer = match sidecar(cell, world) {
        Some(_) => Peer::Sidecar,
        None if translated => Peer::Translated,
        None => Peer::ClientPod,
    };
    let crossing = Crossing { client, server: leg(cell, world), mutual };
    Answering { dialled, arrival, late: BTreeSet::new(), peer, crossing, because }
}
