//! One cell of the call matrix.

use std::fmt;
use std::net::IpAddr;

use dualproof_wire::{Bind, Destination, Protocol, Records};

use super::{Caller, Dial, PortKind, ServerKind, TargetKind};
use crate::evidence::PodRef;
use crate::family::IpFamily;
use crate::plan::NO_OUTSIDE;

/// One cell: one call, with all of the live objects that its outcome depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallCell {
    /// `<client>/<namespace>.<service>/<number>-<kind>-<protocol>-<bind>/<dial>/<family>`: the same in every run with the same roster.
    pub id: String,
    /// Who calls.
    pub client: Caller,
    /// What the Service is.
    pub target: TargetKind,
    /// What the pods behind it are.
    pub server: ServerKind,
    /// The live Service.
    pub service: ServiceView,
    /// Who may answer: for a podIP that pod, else every Ready pod behind the Service. Never empty.
    pub servers: Vec<ServerPod>,
    /// Which port is dialled.
    pub port: PortKind,
    /// The port on which the server listens.
    pub number: u16,
    /// What is spoken.
    pub protocol: Protocol,
    /// What the server's socket is bound to.
    pub bind: Bind,
    /// By which kind of address.
    pub dial: Dial,
    /// The family that is forced; `None` for a name looked up by both records.
    pub family: Option<IpFamily>,
    /// Where the call goes, or why there is no such address.
    pub to: Result<Destination, Absent>,
    /// The address is a podIP of a headless Service that names the port, so that a meshed client has a listener for it.
    pub headless_listener: bool,
}

impl CallCell {
    /// Lists the families of the addresses that the client tries, in the order in which it does. The prober takes IPv6 first where it looks up both
    /// records (`dualproof_wire::Records::Both`).
    pub(crate) fn families_in_turn(&self) -> Vec<IpFamily> {
        match (&self.dial, self.family) {
            (Dial::Name(Records::Both), _) => {
                let turn = [IpFamily::IPv6, IpFamily::IPv4];
                turn.into_iter().filter(|family| self.service.families.contains(family)).collect()
            }
            (_, family) => family.into_iter().collect(),
        }
    }

    /// Tells whether no Service stands behind the address and port: a clusterIP's undeclared port, a nodePort of a family that the Service lacks.
    pub(crate) fn dials_nothing(&self) -> bool {
        match &self.dial {
            Dial::ClusterIp => self.port == PortKind::Undeclared,
            Dial::Name(_) => self.port == PortKind::Undeclared && !self.service.headless,
            Dial::PodIp(_) => false,
            Dial::NodePort(_) => self.family.is_none_or(|family| !self.service.families.contains(&family)),
        }
    }
}

/// What matters of a live Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceView {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// `spec.ipFamilies`, in their order.
    pub families: Vec<IpFamily>,
    /// The number of its clusterIPs; 0 when headless.
    pub cluster_ips: usize,
    /// It has no clusterIPs by wish.
    pub headless: bool,
    /// Every Ready pod behind it has a sidecar.
    pub all_meshed: bool,
}

/// A pod that may answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerPod {
    /// Its name.
    pub pod: PodRef,
    /// `status.podIPs`, in their order.
    pub ips: Vec<IpAddr>,
    /// The node it runs on.
    pub node: String,
    /// Its UID, so that a pod of the same name from before is not taken for it.
    pub uid: String,
    /// Its service account.
    pub service_account: String,
}

/// Why a cell has no address to dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Absent {
    /// Headless Services have no clusterIP.
    Headless,
    /// The Service has no clusterIP of the family.
    ClusterIp(IpFamily),
    /// The pod has no podIP of the family.
    PodIp(IpFamily),
    /// The Service has no nodePort for this port.
    NodePort,
    /// The node has no InternalIP of the family.
    NodeAddress(IpFamily),
    /// Nobody stands outside a cluster that is not kind's: whether its nodes' addresses lead anywhere is not known.
    NoOutside,
    /// Names, podIPs and clusterIPs mean nothing outside the cluster: nobody promises a route or a resolver.
    Outside,
}

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Headless => f.write_str("a headless Service has no clusterIP"),
            Self::ClusterIp(family) => write!(f, "the Service has no clusterIP of {family}"),
            Self::PodIp(family) => write!(f, "the pod has no podIP of {family}"),
            Self::NodePort => f.write_str("the Service has no nodePort for this port"),
            Self::NodeAddress(family) => write!(f, "the node has no InternalIP of {family}"),
            Self::NoOutside => f.write_str(NO_OUTSIDE),
            Self::Outside => f.write_str("outside the cluster there is no route to it"),
        }
    }
}
