//! Nodes and namespaces.

use dualproof_model::evidence::{Namespace, Node};
use serde::Deserialize;

use super::list::{self, Expected, Ignored, Object};
use crate::DumpError;
use crate::json::or_default;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    #[serde(rename = "podCIDRs", deserialize_with = "or_default")]
    pod_cidrs: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    #[serde(deserialize_with = "or_default")]
    addresses: Vec<NodeAddress>,
    node_info: NodeInfo,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NodeAddress {
    #[serde(rename = "type")]
    kind: String,
    address: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NodeInfo {
    kubelet_version: String,
}

/// Reads nodes. A node without podCIDRs (a CNI with its own address management) has an empty list.
///
/// # Errors
/// For empty, foreign and truncated input, and for addresses and CIDRs that are none. Addresses of other types than InternalIP are not read.
pub fn nodes(bytes: &[u8], place: &str) -> Result<Vec<Node>, DumpError> {
    const NODES: Expected = Expected { kind: "Node", words: "a list of nodes" };
    list::read(bytes, place, NODES, |entry, meta, node: Object<Spec, Status>| {
        let mut internal_ips = Vec::new();
        for (index, address) in node.status.addresses.iter().enumerate() {
            if address.kind == "InternalIP" {
                internal_ips.push(entry.ip(|| format!("status.addresses[{index}].address"), &address.address)?);
            }
        }
        let mut pod_cidrs = Vec::new();
        for (index, cidr) in node.spec.pod_cidrs.iter().enumerate() {
            let refused = |_| entry.value(&format!("spec.podCIDRs[{index}]"), cidr, "an address and a prefix length");
            pod_cidrs.push(cidr.parse().map_err(refused)?);
        }
        Ok(Node { meta, internal_ips, pod_cidrs, kubelet: node.status.node_info.kubelet_version })
    })
}

/// Reads namespaces.
///
/// # Errors
/// For empty, foreign and truncated input.
pub fn namespaces(bytes: &[u8], place: &str) -> Result<Vec<Namespace>, DumpError> {
    const NAMESPACES: Expected = Expected { kind: "Namespace", words: "a list of namespaces" };
    list::read(bytes, place, NAMESPACES, |_, meta, _: Object<Ignored, Ignored>| Ok(Namespace { meta }))
}
