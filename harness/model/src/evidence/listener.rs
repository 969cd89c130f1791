//! Listeners, as configured and as Envoy reports them.

use std::fmt;
use std::net::IpAddr;

use super::Direction;
use crate::family::{AddressSet, HostPort};

/// The protocol of a socket address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// Envoy's default.
    #[default]
    Tcp,
    /// QUIC and UDP listeners.
    Udp,
}

/// An address and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SocketAddress {
    /// The canonical address.
    pub ip: IpAddr,
    /// The port.
    pub port: u16,
    /// The protocol.
    pub protocol: Protocol,
}

impl fmt::Display for SocketAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        HostPort::ip(self.ip, self.port).fmt(f)
    }
}

/// Where a listener's configuration came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// The bootstrap.
    Static,
    /// LDS.
    #[default]
    Dynamic,
}

/// A listener of `config_dump`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listener {
    /// Its name, as configured; empty for the nameless entry that stands beside a rejected one.
    pub name: String,
    /// Bootstrap or LDS.
    pub origin: Origin,
    /// `traffic_direction`; `None` when unspecified.
    pub direction: Option<Direction>,
    /// `address`, then `additional_addresses`, in their order and with their repeats. Pipes and internal addresses are left out.
    pub addresses: Vec<SocketAddress>,
    /// The configuration that serves; `false` for one that is only warming.
    pub active: bool,
    /// `error_state`: the last update of this listener was rejected, and why.
    pub error: Option<String>,
    /// Where it stands in the bundle.
    pub place: String,
}

impl Listener {
    /// Returns the addresses that listen on a port.
    #[must_use]
    pub fn addresses_on(&self, port: u16) -> AddressSet {
        self.addresses.iter().filter(|address| address.port == port).map(|address| address.ip).collect()
    }
}

/// A listener of `/listeners`: what Envoy says that it has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListenerStatus {
    /// Its name.
    pub name: String,
    /// `local_address`, then `additional_local_addresses`.
    pub addresses: Vec<SocketAddress>,
    /// Where it stands in the bundle.
    pub place: String,
}
