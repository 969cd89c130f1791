//! What a cluster is made with.

use std::ops::RangeInclusive;

use dualproof_model::family::IpFamily;
use ipnet::IpNet;

use super::defaults::Defaults;
use super::service::ServiceAdmission;
use crate::store::{Store, builtin};

/// The settings of a cluster that its API depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterConfig {
    /// The ranges of cluster addresses, one a family; the first is of the cluster's first family.
    pub service_ranges: Vec<IpNet>,
    /// The range of node ports; Kubernetes' own is 30000 to 32767.
    pub node_ports: RangeInclusive<u16>,
    /// The certificate of the cluster's authority, in PEM, for the ConfigMap `kube-root-ca.crt` of each namespace; may be empty.
    pub root_certificate: String,
}

impl ClusterConfig {
    /// Makes the settings of a cluster with these ranges, the rest as Kubernetes has it.
    #[must_use]
    pub fn new(service_ranges: Vec<IpNet>) -> Self {
        Self { service_ranges, node_ports: 30000..=32767, root_certificate: String::new() }
    }

    /// Lists the families of the cluster, the first one first.
    #[must_use]
    pub fn families(&self) -> Vec<IpFamily> {
        self.service_ranges.iter().map(|range| IpFamily::of(&range.addr())).collect()
    }

    /// Makes the store of such a cluster: the built-in kinds, their defaults and rules. It holds nothing yet: [`super::Controllers`] makes the first
    /// namespaces.
    #[must_use]
    pub fn store(&self) -> Store {
        Store::new(builtin(), vec![Box::new(Defaults), Box::new(ServiceAdmission::new(self))])
    }
}
