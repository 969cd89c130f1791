//! EndpointSlices.

use std::net::IpAddr;

use dualproof_model::evidence::PodRef;
use dualproof_model::family::IpFamily;

/// An EndpointSlice of IPv4 or IPv6 addresses. Slices of names (FQDN) are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointSlice {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The Service it belongs to (label `kubernetes.io/service-name`).
    pub service: String,
    /// `addressType`.
    pub family: IpFamily,
    /// Its ports, by name; the name is empty when the port has none.
    pub ports: Vec<(String, u16)>,
    /// Its endpoints that are ready.
    pub endpoints: Vec<SliceEndpoint>,
}

/// One ready endpoint of a slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SliceEndpoint {
    /// Its first address, the only one that counts (discovery/v1).
    pub address: IpAddr,
    /// The pod it stands for, if any.
    pub pod: Option<PodRef>,
}
