//! What the nodes are made with.

use std::net::IpAddr;
use std::path::PathBuf;

use dualproof_model::family::IpFamily;
use ipnet::IpNet;

/// The domain of the cluster's names, as kind has it.
pub(super) const DOMAIN: &str = "cluster.local";

/// The place of the DNS address in a range of services, as kubeadm has it.
const DNS: usize = 10;

/// What the nodes are made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeletSettings {
    /// The cluster's name; nodes are `<cluster>-control-plane`, `<cluster>-worker`, `<cluster>-worker2` and so on.
    pub cluster: String,
    /// The folder of the nodes' files: `bin/` for programs, `pods/<uid>/` for each pod. It must be on a file system that lets programs run.
    pub folder: PathBuf,
    /// The folder of logs, a file for each incarnation of a container. They grow as long as the cluster lives.
    pub logs: PathBuf,
    /// The cluster's families, the first one first: of podIP, hostIP and resolv.conf.
    pub families: Vec<IpFamily>,
    /// How many nodes; 0 is taken for 1.
    pub nodes: u8,
    /// The addresses of the Service `kube-dns`, the first family first. Without any, there is no DNS.
    pub dns: Vec<IpAddr>,
}

impl KubeletSettings {
    /// Makes the settings of a cluster with one node, whose logs are in its folder, and whose families and DNS addresses (the tenth of each
    /// range) are those of its ranges of services.
    #[must_use]
    pub fn new(cluster: &str, folder: impl Into<PathBuf>, service_ranges: &[IpNet]) -> Self {
        let folder = folder.into();
        Self {
            cluster: cluster.to_owned(),
            logs: folder.join("logs"),
            folder,
            families: service_ranges.iter().map(|range| IpFamily::of(&range.addr())).collect(),
            nodes: 1,
            dns: service_ranges.iter().filter_map(tenth).collect(),
        }
    }

    /// The folder of the programs.
    #[must_use]
    pub fn programs(&self) -> PathBuf {
        self.folder.join("bin")
    }

    /// The folder of one pod.
    #[must_use]
    pub fn pod(&self, uid: &str) -> PathBuf {
        self.folder.join("pods").join(uid)
    }

    /// The log of one incarnation of a container. All lie in one folder: on a disk, a folder for each would cost more than the logs.
    #[must_use]
    pub fn log(&self, uid: &str, container: &str, incarnation: u32) -> PathBuf {
        self.logs.join(format!("{uid}_{container}_{incarnation}.log"))
    }
}

fn tenth(range: &IpNet) -> Option<IpAddr> {
    range.hosts().filter(|address| *address != range.network()).nth(DNS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_is_where_kubeadm_puts_it() -> Result<(), Box<dyn std::error::Error>> {
        let ranges = ["fd00:10:96::/112".parse()?, "10.96.0.0/16".parse()?];
        let settings = KubeletSettings::new("c", "folder", &ranges);
        assert_eq!(settings.dns, ["fd00:10:96::a".parse::<IpAddr>()?, "10.96.0.10".parse()?]);
        assert_eq!(settings.families, [IpFamily::IPv6, IpFamily::IPv4]);
        Ok(())
    }
}
