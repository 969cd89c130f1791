//! Envoy clusters, their endpoints, and the hosts that Envoy counts for them.

use std::net::IpAddr;

use super::SocketAddress;
use crate::family::AddressSet;

/// Which way traffic goes, seen from the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// To the proxy's own workload.
    Inbound,
    /// From it.
    Outbound,
}

/// The parts of a name such as `outbound|9000||tcp-echo.dual-stack.svc.cluster.local`
/// (istio/istio:pilot/pkg/model/context.go `BuildSubsetKey`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterName {
    /// `inbound` or `outbound`.
    pub direction: Direction,
    /// The Service's port, or for inbound the workload's.
    pub port: u16,
    /// The subset; empty for none.
    pub subset: String,
    /// The Service's full name; empty for inbound.
    pub host: String,
}

impl ClusterName {
    /// Splits a name; `None` for one of another form, such as `PassthroughCluster`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let parts: Vec<&str> = name.split('|').collect();
        let [direction, port, subset, host] = parts.as_slice() else { return None };
        let direction = match *direction {
            "inbound" => Direction::Inbound,
            "outbound" => Direction::Outbound,
            _ => return None,
        };
        Some(Self { direction, port: port.parse().ok()?, subset: (*subset).to_owned(), host: (*host).to_owned() })
    }

    /// Tells whether the name is the outbound cluster of a Service's port, without a subset.
    #[must_use]
    pub fn serves(&self, namespace: &str, service: &str, port: u16) -> bool {
        self.direction == Direction::Outbound
            && self.subset.is_empty()
            && self.port == port
            && self
                .host
                .strip_prefix(service)
                .and_then(|rest| rest.strip_prefix('.'))
                .is_some_and(|rest| rest.strip_prefix(namespace).is_some_and(|rest| rest.starts_with(".svc.")))
    }
}

/// A cluster of `config_dump`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// `type`, such as `EDS` or `ORIGINAL_DST`; `STATIC` when the dump leaves the default out.
    pub kind: String,
    /// `upstream_bind_config.source_address`, then `extra_source_addresses`.
    pub bind_sources: Vec<IpAddr>,
    /// `dns_lookup_family`; `AUTO` when the dump leaves the default out.
    pub dns_lookup_family: String,
    /// `false` for one that is only warming.
    pub active: bool,
    /// Where it stands in the bundle.
    pub place: String,
}

/// The endpoints of one cluster, from the `EndpointsConfigDump`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterEndpoints {
    /// The cluster's name.
    pub cluster: String,
    /// The endpoints of all localities; Envoy's order means nothing.
    pub endpoints: Vec<LbEndpoint>,
    /// Where they stand in the bundle.
    pub place: String,
}

/// One endpoint as the load balancer sees it: one weight, one or more addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LbEndpoint {
    /// `address`, then `additional_addresses` without repeats of it (envoyproxy/envoy#35100). Pipes and internal addresses are left out.
    pub addresses: Vec<SocketAddress>,
    /// `health_status`; `UNKNOWN` when the dump leaves the default out.
    pub health: String,
}

impl LbEndpoint {
    /// Returns its addresses without ports.
    #[must_use]
    pub fn ips(&self) -> AddressSet {
        self.addresses.iter().map(|address| address.ip).collect()
    }
}

/// A host of `/clusters`, which shows the primary address only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostStatus {
    /// The cluster's name.
    pub cluster: String,
    /// The host's primary address.
    pub address: SocketAddress,
    /// `cx_total`: attempts of connections, not connections, for an endpoint with additional addresses.
    pub connections: u64,
    /// `rq_total`: for TCP, connections that were given out.
    pub requests: u64,
    /// Where it stands in the bundle.
    pub place: String,
}
