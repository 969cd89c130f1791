//! One pod's network namespace.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::RuleSet;
use crate::evidence::{PodRef, Protocol};
use crate::family::PerFamily;

/// Where the evidence of a namespace was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NetnsSource {
    /// From the node, inside the namespace, when the evidence was collected: what is so.
    #[default]
    Node,
    /// From the log of the container that set the redirect up: what was so when it ended.
    InitLog,
}

impl fmt::Display for NetnsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Node => "the node",
            Self::InitLog => "istio-init's log",
        })
    }
}

/// A pod's network namespace. A part that could not be read is `None`, and `manifest.missing` says why; a part that was read and is empty is
/// empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Netns {
    /// The pod.
    pub pod: PodRef,
    /// Its folder in the bundle, `netns/<namespace>/<pod>`, or the log that stands in for it.
    pub place: String,
    /// Where it was taken.
    pub source: NetnsSource,
    /// The packet filter's rules, as `iptables-save` and `ip6tables-save` print them.
    pub rules: PerFamily<Option<RuleSet>>,
    /// Tables of nftables that iptables does not know of, as `inet istio-proxy-nat`, sorted. Empty where `nft` could not be asked.
    pub native_tables: Vec<String>,
    /// The interfaces and their addresses. Of a log: the addresses that it says were added, and no others.
    pub interfaces: Option<Vec<Interface>>,
    /// The routes of every table.
    pub routes: PerFamily<Option<Vec<Route>>>,
    /// The sockets that take connections or datagrams from anybody. A socket of IPv6 may take IPv4, too: the kernel does not say here.
    pub sockets: PerFamily<Option<Vec<ListeningSocket>>>,
}

impl Netns {
    /// Tells whether an address is in the namespace, on any interface; `None` when the addresses are not known.
    #[must_use]
    pub fn has_address(&self, address: &IpAddr) -> Option<bool> {
        let interfaces = self.interfaces.as_ref()?;
        Some(interfaces.iter().flat_map(|interface| &interface.addresses).any(|known| known.addr() == *address))
    }

    /// Tells whether a socket can be bound to an address on `lo`; `None` when the addresses are not known. The kernel gives `lo` the whole
    /// network of its IPv4 addresses, and of IPv6 the addresses alone.
    #[must_use]
    pub fn binds_on_loopback(&self, address: &IpAddr) -> Option<bool> {
        let interfaces = self.interfaces.as_ref()?;
        let mut known = interfaces.iter().filter(|interface| interface.name == "lo").flat_map(|lo| &lo.addresses);
        Some(known.any(|known| if address.is_ipv4() { known.contains(address) } else { known.addr() == *address }))
    }
}

/// An interface.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interface {
    /// Its name, such as `lo` or `eth0`.
    pub name: String,
    /// Its addresses with the length of their prefixes, in the kernel's order.
    pub addresses: Vec<IpNet>,
}

/// A route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// The destination as `ip` prints it: `default`, a network or an address.
    pub destination: String,
    /// `unicast`, `local`, `unreachable` and so on.
    pub kind: String,
    /// The next hop, where there is one.
    pub gateway: Option<IpAddr>,
    /// The interface; empty where there is none.
    pub device: String,
    /// The table; `main` where `ip` does not say.
    pub table: String,
}

/// A listening socket of TCP, or an unconnected one of UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListeningSocket {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Where it listens.
    pub address: SocketAddr,
    /// Whose it is.
    pub uid: u32,
}
