//! What can be changed.

use std::net::IpAddr;

use ipnet::IpNet;

use super::HardwareAddress;

/// A change to the links of a namespace. Changes are values, so that whoever makes a fault can leave one out or put another in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Sets an interface up.
    Up {
        /// The interface.
        interface: String,
    },
    /// Sets an interface down; its addresses of IPv6 and all its routes go with that.
    Down {
        /// The interface.
        interface: String,
    },
    /// Deletes an interface, and the other end of a pair with it.
    Delete {
        /// The interface.
        interface: String,
    },
    /// Gives an interface an address, which can be used at once. It must not be there.
    Address {
        /// The interface.
        interface: String,
        /// The address, with the length of the prefix that is on the link: 32 or 128 for none.
        address: IpNet,
    },
    /// Takes an address from an interface.
    NoAddress {
        /// The interface.
        interface: String,
        /// The address, with the length it was given with.
        address: IpNet,
    },
    /// Adds a route. It must not be there.
    Route(Route),
    /// Takes a route away.
    NoRoute(Route),
    /// Says for good which hardware address a neighbour has, so that nobody asks for it; one that is there is replaced.
    Neighbour {
        /// The interface.
        interface: String,
        /// The neighbour.
        address: IpAddr,
        /// Its hardware address.
        hardware: HardwareAddress,
    },
    /// Forgets a neighbour.
    NoNeighbour {
        /// The interface.
        interface: String,
        /// The neighbour.
        address: IpAddr,
    },
}

/// A route of the main table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where it leads to; a prefix of length 0 is the default route of its family.
    pub to: IpNet,
    /// What becomes of the packets.
    pub kind: RouteKind,
    /// The source address of what is sent from here; `None` leaves it to the kernel.
    pub source: Option<IpAddr>,
}

/// What becomes of packets on a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteKind {
    /// They go out by an interface.
    Unicast {
        /// The interface.
        interface: String,
        /// The next hop, taken to be on the link whatever the interface's own addresses; `None` where the destination itself is on the link.
        via: Option<IpAddr>,
    },
    /// The sender is told that there is no way.
    Unreachable,
    /// They vanish.
    Blackhole,
}

impl Change {
    /// Sets an interface up.
    #[must_use]
    pub fn up(interface: &str) -> Self {
        Self::Up { interface: interface.to_owned() }
    }

    /// Sets an interface down.
    #[must_use]
    pub fn down(interface: &str) -> Self {
        Self::Down { interface: interface.to_owned() }
    }

    /// Gives an interface an address.
    #[must_use]
    pub fn address(interface: &str, address: IpNet) -> Self {
        Self::Address { interface: interface.to_owned(), address }
    }

    /// Adds a route that goes out by an interface.
    #[must_use]
    pub fn route(to: IpNet, interface: &str, via: Option<IpAddr>) -> Self {
        Self::Route(Route { to, kind: RouteKind::Unicast { interface: interface.to_owned(), via }, source: None })
    }

    /// Says which hardware address a neighbour has.
    #[must_use]
    pub fn neighbour(interface: &str, address: IpAddr, hardware: HardwareAddress) -> Self {
        Self::Neighbour { interface: interface.to_owned(), address, hardware }
    }

    /// The interface it is about, where it is about one by its number.
    pub(super) fn interface(&self) -> Option<&str> {
        match self {
            Self::Up { interface }
            | Self::Down { interface }
            | Self::Delete { interface }
            | Self::Address { interface, .. }
            | Self::NoAddress { interface, .. }
            | Self::Neighbour { interface, .. }
            | Self::NoNeighbour { interface, .. } => Some(interface),
            Self::Route(route) | Self::NoRoute(route) => match &route.kind {
                RouteKind::Unicast { interface, .. } => Some(interface),
                RouteKind::Unreachable | RouteKind::Blackhole => None,
            },
        }
    }
}
