//! From which addresses a sidecar calls its own application.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::family::{AddressSet, IpFamily};
use crate::spec::PassthroughShape;

/// The source addresses of inbound clusters: `127.0.0.6` and `::6`, which the redirect rules let pass
/// (istio/istio:pilot/pkg/networking/core/listener_address.go and cluster_builder.go).
#[must_use]
pub fn inbound_sources(families: &[IpFamily]) -> AddressSet {
    families.iter().map(|family| inbound_source(*family)).collect()
}

/// The source address of one family: `127.0.0.6` or `::6`.
#[must_use]
pub fn inbound_source(family: IpFamily) -> IpAddr {
    match family {
        IpFamily::IPv4 => Ipv4Addr::new(127, 0, 0, 6).into(),
        IpFamily::IPv6 => Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 6).into(),
    }
}

/// A cluster for inbound connections to ports that no Service names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassthroughCluster {
    /// Its name.
    pub name: &'static str,
    /// The family that it is for; `None` when it serves all.
    pub family: Option<IpFamily>,
    /// Its source addresses.
    pub sources: AddressSet,
}

/// Lists the inbound passthrough clusters of a proxy with these families: one for each family up to 1.22, one for all from
/// 1.23 (istio/istio#51503).
#[must_use]
pub fn passthrough_clusters(shape: PassthroughShape, families: &[IpFamily]) -> Vec<PassthroughCluster> {
    match shape {
        PassthroughShape::Single => {
            let sources = inbound_sources(families);
            vec![PassthroughCluster { name: "InboundPassthroughCluster", family: None, sources }]
        }
        PassthroughShape::PerFamily => families
            .iter()
            .map(|family| {
                let name = match family {
                    IpFamily::IPv4 => "InboundPassthroughClusterIpv4",
                    IpFamily::IPv6 => "InboundPassthroughClusterIpv6",
                };
                PassthroughCluster { name, family: Some(*family), sources: inbound_sources(&[*family]) }
            })
            .collect(),
    }
}
