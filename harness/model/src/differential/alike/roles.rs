//! What an address is for, which is the same in every cluster.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use crate::evidence::{Objects, PodRef, SocketAddress};
use crate::family::IpFamily;

/// Addresses and pods by what they stand for. Pods, whose names are made up anew in each run, are told by their namespace, their label
/// `app` and their place among those of the same.
pub(super) struct Roles {
    addresses: BTreeMap<IpAddr, String>,
    pods: BTreeMap<PodRef, String>,
}

impl Roles {
    pub(super) fn of(objects: &Objects) -> Self {
        let mut roles = Self { addresses: BTreeMap::new(), pods: BTreeMap::new() };
        let mut pods: Vec<_> = objects.pods.iter().filter(|pod| !pod.terminating).collect();
        pods.sort_by_key(|pod| pod.pod_ref());
        let mut of_app: BTreeMap<String, usize> = BTreeMap::new();
        for pod in pods {
            let app = pod.meta.labels.get("app").or_else(|| pod.meta.labels.get("k8s-app")).unwrap_or(&pod.meta.name);
            let alike = format!("pod {}/{app}", pod.meta.namespace);
            let number = of_app.entry(alike.clone()).and_modify(|number| *number += 1).or_insert(0);
            let role = format!("{alike}#{number}");
            roles.pods.insert(pod.pod_ref(), role.clone());
            roles.addresses.extend(pod.ips.iter().map(|address| (*address, role.clone())));
        }
        for service in &objects.services {
            let role = format!("service {}/{}", service.meta.namespace, service.meta.name);
            roles.addresses.extend(service.cluster_ips.iter().map(|address| (*address, role.clone())));
        }
        // Pods on the host's network have their node's addresses.
        let mut nodes: Vec<_> = objects.nodes.iter().collect();
        nodes.sort_by_key(|node| &node.meta.name);
        for (number, node) in nodes.into_iter().enumerate() {
            roles.addresses.extend(node.internal_ips.iter().map(|address| (*address, format!("node {number}"))));
        }
        roles
    }

    /// Names a pod; `None` for one that is not among the objects.
    pub(super) fn pod(&self, pod: &PodRef) -> Option<&str> {
        self.pods.get(pod).map(String::as_str)
    }

    /// Says what an address stands for, with its family. Wildcards and loopback stand for themselves.
    pub(super) fn address(&self, address: &IpAddr) -> String {
        let is_fixed = address.is_unspecified() || address.is_loopback() || address.to_string() == "::6";
        match self.addresses.get(address) {
            _ if is_fixed => address.to_string(),
            Some(role) => format!("{role} over {}", IpFamily::of(address)),
            None => format!("another address of {}", IpFamily::of(address)),
        }
    }

    pub(super) fn socket(&self, socket: &SocketAddress) -> String {
        format!("{} port {}", self.address(&socket.ip), socket.port)
    }

    pub(super) fn bound(&self, socket: &SocketAddr) -> String {
        format!("{} port {}", self.address(&socket.ip()), socket.port())
    }
}
