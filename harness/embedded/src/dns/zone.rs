//! All that the cluster's DNS knows, at one moment.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hickory_proto::rr::Name;

use super::Fault;

/// The names of a cluster with their records. It is replaced as a whole when an object changes.
///
/// [`Objects::build`](super::Objects::build) makes it.
#[derive(Clone, Debug)]
pub struct Zone {
    /// The cluster's domain, with its final dot: `cluster.local.`
    pub(super) domain: Name,
    /// The seconds for which an answer may be kept.
    pub(super) ttl: u32,
    /// The serial number in the SOA record.
    pub(super) serial: u32,
    /// The names of namespaces, in lower case.
    pub(super) namespaces: HashSet<String>,
    /// Services, their ports and their endpoints.
    pub(super) names: HashMap<Name, Node>,
    /// The names of addresses.
    pub(super) reverse: HashMap<IpAddr, BTreeSet<Name>>,
    pub(super) faults: Vec<Fault>,
}

/// The records of one name.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) v4: BTreeSet<Ipv4Addr>,
    pub(super) v6: BTreeSet<Ipv6Addr>,
    /// Port and target of each SRV record.
    pub(super) ports: BTreeSet<(u16, Name)>,
    /// Another name that this one stands for.
    pub(super) alias: Option<Name>,
}

impl Zone {
    /// Returns the zone with these faults instead of those that it had. The first that meets a question counts.
    #[must_use]
    pub fn with_faults(mut self, faults: Vec<Fault>) -> Self {
        self.faults = faults;
        self
    }
}

impl Node {
    pub(super) fn insert(&mut self, address: IpAddr) {
        match address {
            IpAddr::V4(address) => self.v4.insert(address),
            IpAddr::V6(address) => self.v6.insert(address),
        };
    }
}
