//! What was deployed for the matrix.

use dualproof_wire::{Bind, Protocol};
use serde::{Deserialize, Serialize};

use super::{ClientKind, PortKind, ServerKind, TargetKind};
use crate::evidence::{Objects, Pod, PodRef, Service};
use crate::plan::ProviderKind;
use crate::spec::{Matrix, MatrixClient, MatrixPort, MatrixTarget};

/// Fills the roster of a scenario's matrix from live objects. `meshed` tells whether there is a mesh, `provider` where the cluster
/// comes from: outside stands a container beside the nodes of kind, and nobody with another provider.
///
/// The pod of a client is the first by name of those in its namespace that have its label `app` and are not going away; none
/// where there is no such pod, which [`super::expand`] then calls a gap. A port has a nodePort where the live Service has one
/// for its number and transport.
#[must_use]
pub fn roster(matrix: &Matrix, objects: &Objects, meshed: bool, provider: ProviderKind) -> Roster {
    Roster {
        meshed,
        outside: provider == ProviderKind::Kind,
        clients: matrix.clients.iter().map(|client| caller(client, objects)).collect(),
        targets: matrix.targets.iter().map(|target| called(target, objects)).collect(),
    }
}

/// Clients and targets. Every client calls every target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Roster {
    /// Whether there is a mesh. Without one, [`ClientKind::Meshed`] and [`ServerKind::Meshed`] say only what the pods are called,
    /// so that both runs of a differential have the same cells.
    pub meshed: bool,
    /// Whether a client can stand outside the cluster. Where none can, its cells are there and have no address.
    pub outside: bool,
    /// Who calls.
    pub clients: Vec<Caller>,
    /// Who is called.
    pub targets: Vec<Called>,
}

/// A client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Caller {
    /// Its name in ids.
    pub name: String,
    /// What it is.
    pub kind: ClientKind,
    /// Its pod; none for [`ClientKind::Outside`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<PodRef>,
}

/// A Service and the server behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Called {
    /// The Service's namespace.
    pub namespace: String,
    /// The Service's name.
    pub service: String,
    /// What the Service must be.
    pub kind: TargetKind,
    /// What the pods behind it must be.
    pub server: ServerKind,
    /// The ports that are dialled.
    pub ports: Vec<CalledPort>,
}

/// A port of a target. The Service's port and the server's are the same number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CalledPort {
    /// Its number.
    pub number: u16,
    /// Whether the Service names it.
    pub kind: PortKind,
    /// What the server speaks there.
    pub protocol: Protocol,
    /// What the server's socket is bound to.
    pub bind: Bind,
    /// The number on every node; none when the Service has none for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_port: Option<u16>,
}

fn caller(client: &MatrixClient, objects: &Objects) -> Caller {
    let pod = client.workload.as_ref().and_then(|workload| {
        let own = objects.pods_in(&workload.namespace);
        let own = own.filter(|pod| pod.meta.labels.get("app") == Some(&workload.app));
        own.map(Pod::pod_ref).min()
    });
    Caller { name: client.name.clone(), kind: client.kind, pod }
}

fn called(target: &MatrixTarget, objects: &Objects) -> Called {
    let service = objects.service(&target.namespace, &target.service);
    let port = |port: &MatrixPort| CalledPort {
        number: port.number,
        kind: port.kind,
        protocol: port.protocol,
        bind: port.bind,
        node_port: service.and_then(|service| node_port(service, port)),
    };
    Called {
        namespace: target.namespace.clone(),
        service: target.service.clone(),
        kind: target.kind,
        server: target.server,
        ports: target.ports.iter().map(port).collect(),
    }
}

fn node_port(service: &Service, port: &MatrixPort) -> Option<u16> {
    let transport = if port.protocol == Protocol::Udp { "UDP" } else { "TCP" };
    let mut named = service.ports.iter().filter(|live| live.port == port.number && live.protocol == transport);
    named.find_map(|live| live.node_port)
}
