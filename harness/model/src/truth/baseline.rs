//! The baseline: pods without a mesh that call each other, to prove the cluster before a mesh is blamed.

use std::net::IpAddr;

use crate::evidence::{AddressKind, Objects, Pod, PodRef, Service};

/// What the baseline is made of. The driver makes objects of these names; nothing else may use them.
#[derive(Clone, Copy, Debug)]
pub struct Baseline;

impl Baseline {
    /// Its namespace.
    pub const NAMESPACE: &'static str = "dualproof-baseline";
    /// A Service with `PreferDualStack` that asks for no families: it shows the cluster's order.
    pub const PREFER: &'static str = "echo-prefer";
    /// A Service that must have every family of the cluster: `RequireDualStack` where there are two.
    pub const REQUIRE: &'static str = "echo-require";
}

/// A call that the baseline owes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Who calls.
    pub client: PodRef,
    /// The name of the pod or the Service that is called.
    pub target: String,
    /// What kind of address is dialled.
    pub kind: AddressKind,
    /// The address that is dialled.
    pub address: IpAddr,
}

/// Lists the calls that the baseline owes: every client to every podIP of every echo pod, on its own node and on others, and
/// to every clusterIP of both Services. Empty when there are no such objects.
///
/// Echo pods are those that the Services select; clients are the other pods of the namespace that are not on the host's
/// network. Where all pods are echo pods, they call each other, none itself.
#[must_use]
pub fn baseline(objects: &Objects) -> Vec<Probe> {
    let services: Vec<&Service> = [Baseline::PREFER, Baseline::REQUIRE]
        .into_iter()
        .filter_map(|name| objects.service(Baseline::NAMESPACE, name))
        .collect();
    let pods: Vec<&Pod> = objects.pods_in(Baseline::NAMESPACE).filter(|pod| !pod.host_network).collect();
    let (echo, others): (Vec<&Pod>, Vec<&Pod>) =
        pods.iter().partition(|pod| services.iter().any(|service| selects(service, pod)));
    let clients = if others.is_empty() { &echo } else { &others };
    let mut probes = Vec::new();
    for client in clients {
        let owed = |target: &str, kind, address: &IpAddr| Probe {
            client: client.pod_ref(),
            target: target.to_owned(),
            kind,
            address: *address,
        };
        for server in echo.iter().filter(|server| server.pod_ref() != client.pod_ref()) {
            probes.extend(server.ips.iter().map(|address| owed(&server.meta.name, AddressKind::PodIp, address)));
        }
        for service in &services {
            let ips = service.cluster_ips.iter();
            probes.extend(ips.map(|address| owed(&service.meta.name, AddressKind::ClusterIp, address)));
        }
    }
    probes
}

fn selects(service: &Service, pod: &Pod) -> bool {
    !service.selector.is_empty() && service.selector.iter().all(|(key, value)| pod.meta.labels.get(key) == Some(value))
}
