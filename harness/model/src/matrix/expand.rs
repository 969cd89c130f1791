//! From a roster and live objects to cells.

use std::collections::BTreeSet;

use super::target::{Target, fits};
use super::{CallCell, Caller, ClientKind, PortKind, Roster, TargetKind};
use crate::evidence::{Objects, PodRef};

/// The cells of a roster, and what of it could not be expanded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expansion {
    /// The cells, in the roster's order. Those without an address are among them, with the reason.
    pub cells: Vec<CallCell>,
    /// What is wanted and is not there: those calls are not in `cells`.
    pub gaps: Vec<Gap>,
}

/// A part of the roster that the live objects do not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Gap {
    /// No such Service.
    #[error("Service {0} is not there")]
    NoService(String),
    /// The Service is another kind than the roster says.
    #[error("Service {service} is not {wanted}")]
    OtherService {
        /// The Service.
        service: String,
        /// What it should be.
        wanted: TargetKind,
    },
    /// A port is said to be named by the Service and is not, or the other way round.
    #[error("Service {service} has not what the roster says of port {number}: {}", .kind.as_str())]
    OtherPort {
        /// The Service.
        service: String,
        /// The port.
        number: u16,
        /// What the roster says of it.
        kind: PortKind,
    },
    /// Nobody stands behind the Service.
    #[error("no Ready pod stands behind Service {0}")]
    NoServer(String),
    /// No such pod, or one that is going away.
    #[error("client {0} is not there")]
    NoClient(String),
    /// A pod has a sidecar and should not, or the other way round.
    #[error("pod {pod} has {}sidecar, against the roster", if *.sidecar { "a " } else { "no " })]
    Sidecar {
        /// The pod.
        pod: PodRef,
        /// Whether it has one.
        sidecar: bool,
    },
    /// Two calls of the roster have one id, so that their reports could not be told apart.
    #[error("the roster has cell {0} twice")]
    Twice(String),
}

/// Expands a roster: every client × target × port × address × family.
///
/// The nodePort of a Service is dialled at every node, with kube-proxy's `externalTrafficPolicy: Cluster`. A pod does not call itself.
#[must_use]
pub fn expand(roster: &Roster, objects: &Objects) -> Expansion {
    let mut expansion = Expansion::default();
    let clients: Vec<&Caller> =
        roster.clients.iter().filter(|client| is_there(client, roster, objects, &mut expansion.gaps)).collect();
    let mut seen = BTreeSet::new();
    for called in &roster.targets {
        let Some(target) = Target::find(called, roster, objects, &mut expansion.gaps) else { continue };
        for port in &called.ports {
            if !target.has(port, &mut expansion.gaps) {
                continue;
            }
            for client in &clients {
                for (dial, family) in target.dials() {
                    let cell = target.cell(client, port, dial, family);
                    if client.pod.as_ref().is_some_and(|own| cell.servers.iter().any(|server| server.pod == *own)) {
                        continue;
                    }
                    if seen.insert(cell.id.clone()) {
                        expansion.cells.push(cell);
                    } else {
                        expansion.gaps.push(Gap::Twice(cell.id));
                    }
                }
            }
        }
    }
    expansion
}

fn is_there(client: &Caller, roster: &Roster, objects: &Objects, gaps: &mut Vec<Gap>) -> bool {
    let pod = match (client.kind, &client.pod) {
        (ClientKind::Outside, None) => return true,
        (ClientKind::Outside, Some(_)) | (_, None) => None,
        (_, Some(pod)) => objects.pod(pod).filter(|pod| !pod.terminating),
    };
    let Some(pod) = pod else {
        gaps.push(Gap::NoClient(client.name.clone()));
        return false;
    };
    fits(pod, roster.meshed && client.kind == ClientKind::Meshed, gaps)
}
