//! What a cluster is made with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use dualproof_model::family::IpFamily;
use dualproof_model::spec::VersionProfile;
use ipnet::IpNet;

use crate::envoy::Envoy;

/// What a cluster is made with.
#[derive(Debug)]
pub struct ClusterSettings {
    /// Its name, and the beginning of its nodes' names.
    pub name: String,
    /// The folder of its files: programs, and a folder for each pod, which stand in memory; logs, which do not. Where the system lets nobody
    /// mount, it must be on a file system that lets programs run.
    pub folder: PathBuf,
    /// Its families, the first one first: one or two, each once.
    pub families: Vec<IpFamily>,
    /// How many nodes.
    pub nodes: u8,
    /// What sidecars run. It must have been found before: inside there is no network to fetch it from.
    pub envoy: Envoy,
    /// The versions of Istio whose shapes the mesh can send.
    pub profiles: Vec<VersionProfile>,
}

/// The range of cluster addresses of a family, as kind has it (kubernetes-sigs/kind:pkg/apis/config/defaults and `samples/kind`).
pub(super) fn service_range(family: IpFamily) -> IpNet {
    let (address, length) = match family {
        IpFamily::IPv4 => (IpAddr::V4(Ipv4Addr::new(10, 96, 0, 0)), 16),
        IpFamily::IPv6 => (IpAddr::V6(Ipv6Addr::new(0xfd00, 0x10, 0x96, 0, 0, 0, 0, 0)), 112),
    };
    // Both lengths fit their family, which is all that could be wrong.
    IpNet::new(address, length).unwrap_or_else(|_| IpNet::from(address))
}
