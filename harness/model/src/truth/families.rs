//! Which families there are, and in which order.

use std::net::IpAddr;

use crate::evidence::Objects;
use crate::family::IpFamily;

/// Lists the families of some addresses, each once, in the order of their first addresses. No address, no family.
#[must_use]
pub fn families_of<'a>(addresses: impl IntoIterator<Item = &'a IpAddr>) -> Vec<IpFamily> {
    distinct(addresses.into_iter().map(IpFamily::of))
}

/// Lists the families that a cluster has for pods, from its nodes' `podCIDRs`, in the order of the first node.
///
/// A network plugin with its own address management leaves `podCIDRs` empty; then the families of the pods that are not
/// on the host's network stand in. Empty when neither says anything.
/// (The API server decides by its Service ranges, which no object shows; kubeadm keeps both alike:
/// <https://kubernetes.io/docs/concepts/services-networking/dual-stack/>.)
#[must_use]
pub fn cluster_families(objects: &Objects) -> Vec<IpFamily> {
    let from_nodes =
        distinct(objects.nodes.iter().flat_map(|node| &node.pod_cidrs).map(|cidr| IpFamily::of(&cidr.addr())));
    if !from_nodes.is_empty() {
        return from_nodes;
    }
    families_of(objects.pods.iter().filter(|pod| !pod.host_network).flat_map(|pod| &pod.ips))
}

/// Spells the place of a family in an order: `first`, `second`, `absent`. Findings about order read like sentences with it.
#[must_use]
pub fn rank(families: &[IpFamily], family: IpFamily) -> &'static str {
    match families.iter().position(|known| *known == family) {
        None => "absent",
        Some(0) => "first",
        Some(_) => "second",
    }
}

fn distinct(families: impl Iterator<Item = IpFamily>) -> Vec<IpFamily> {
    let mut seen = Vec::new();
    for family in families {
        if !seen.contains(&family) {
            seen.push(family);
        }
    }
    seen
}
