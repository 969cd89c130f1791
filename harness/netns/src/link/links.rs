//! Changing the links of a namespace.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

use dualproof_model::family::IpFamily;
use nix::sys::socket::SockProtocol;

use super::numbers as n;
use super::{Change, Route, RouteKind};
use crate::NetnsError;
use crate::netlink::{Answer, Attributes, Body, Requests, Socket};

/// The links of the network namespace in which it was opened, for use from any thread.
pub struct Links {
    pub(super) socket: Socket,
    name: String,
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Links").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Links {
    /// Opens those of the calling thread's network namespace; the name is for errors.
    ///
    /// # Errors
    /// [`NetnsError::System`] where the kernel gives no socket.
    pub fn open(name: &str) -> Result<Self, NetnsError> {
        Ok(Self { socket: Socket::open(SockProtocol::NetlinkRoute, name)?, name: name.to_owned() })
    }

    /// Makes changes in their order, in one call to the kernel.
    ///
    /// # Errors
    /// [`NetnsError::NoInterface`] before anything is changed; [`NetnsError::Refused`] for the first change that the kernel refused. The others have
    /// been made, those behind it too.
    pub fn apply(&self, changes: &[Change]) -> Result<(), NetnsError> {
        let mut numbers = BTreeMap::new();
        for interface in changes.iter().filter_map(Change::interface) {
            if !numbers.contains_key(interface) {
                numbers.insert(interface, self.find(interface)?);
            }
        }
        let mut requests = Requests::new();
        for change in changes {
            let known = change.interface().and_then(|interface| numbers.get(interface));
            request(&mut requests, change, known.map_or(0, |(number, _)| *number));
        }
        let mut awaited = awaited(changes, |interface| numbers.get(interface).is_some_and(|(_, is_up)| *is_up));
        if awaited.is_empty() {
            return self.socket.change(requests);
        }
        self.socket.change_and_hear(requests, n::GROUP_ROUTES_OF_IPV6, |told| {
            if let Some(address) = local_route(told) {
                awaited.remove(&address);
            }
            awaited.is_empty()
        })
    }

    /// Finds the number of an interface.
    ///
    /// # Errors
    /// [`NetnsError::NoInterface`] where there is none of the name.
    pub fn number(&self, interface: &str) -> Result<u32, NetnsError> {
        self.find(interface).map(|(number, _)| number)
    }

    /// Finds the number of an interface, and whether it is up.
    fn find(&self, interface: &str) -> Result<(u32, bool), NetnsError> {
        check_name(interface)?;
        let mut requests = Requests::new();
        requests.push(n::GET_LINK, 0, format!("find `{interface}`"), |body| {
            body.bytes(&link_header(0, 0, 0));
            body.string(n::IFLA_IFNAME, interface);
        });
        let no_interface = || NetnsError::NoInterface { interface: interface.to_owned(), namespace: self.name.clone() };
        let answers = self.socket.ask(requests, false).map_err(|error| match error {
            NetnsError::Refused { source, .. } if source.raw_os_error() == Some(nix::errno::Errno::ENODEV as i32) => {
                no_interface()
            }
            other => other,
        })?;
        let field = |at: usize| -> Option<u32> {
            Some(u32::from_ne_bytes(answers.first()?.body.get(at..at + 4)?.try_into().ok()?))
        };
        field(4).zip(field(8)).map(|(number, flags)| (number, flags & n::IFF_UP != 0)).ok_or_else(no_interface)
    }
}

/// Returns the addresses of IPv6 that can be used only a moment after the kernel has answered: it makes their local routes later, on a thread
/// of its own, and tells of them (linux:net/ipv6/addrconf.c, `addrconf_dad_start`). On an interface that is down it makes none.
fn awaited(changes: &[Change], is_up: impl Fn(&str) -> bool) -> BTreeSet<Ipv6Addr> {
    let mut states: BTreeMap<&str, bool> = BTreeMap::new();
    let mut awaited = BTreeSet::new();
    for change in changes {
        match change {
            Change::Up { interface } => {
                states.insert(interface, true);
            }
            // What is taken away again, or may be, is not waited for.
            Change::Down { .. } | Change::Delete { .. } | Change::NoAddress { .. } => awaited.clear(),
            Change::Address { interface, address } => {
                let is_up = states.get(interface.as_str()).copied().unwrap_or_else(|| is_up(interface));
                if let (IpAddr::V6(address), true) = (address.addr(), is_up) {
                    awaited.insert(address);
                }
            }
            _ => {}
        }
    }
    awaited
}

/// The address to which a message says that there is a local route now.
fn local_route(told: &Answer) -> Option<Ipv6Addr> {
    let is_local = told.kind == n::NEW_ROUTE && told.body.get(1) == Some(&128) && told.body.get(7) == Some(&2);
    let destination = is_local.then(|| Attributes::behind(n::ROUTE_HEADER, &told.body).get(n::RTA_DST))??;
    Some(<[u8; 16]>::try_from(destination).ok()?.into())
}

/// Checks the name of an interface before the kernel sees it: 1 to 15 bytes, no slash, no space (linux:net/core/dev.c, `dev_valid_name`).
pub(super) fn check_name(name: &str) -> Result<(), NetnsError> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'/' && byte != b':';
    if !name.is_empty() && name.len() <= 15 && name.bytes().all(is_plain) && name != "." && name != ".." {
        return Ok(());
    }
    Err(NetnsError::Value {
        what: "the name of an interface".to_owned(),
        value: name.to_owned(),
        expected: "1 to 15 letters, none of them a space, `/` or `:`",
    })
}

pub(super) fn link_header(number: u32, flags: u32, change: u32) -> [u8; n::LINK_HEADER] {
    let mut header = [0; n::LINK_HEADER];
    header[4..8].copy_from_slice(&number.to_ne_bytes());
    header[8..12].copy_from_slice(&flags.to_ne_bytes());
    header[12..16].copy_from_slice(&change.to_ne_bytes());
    header
}

/// The family as the kernel numbers it.
pub(crate) fn family_number(family: IpFamily) -> u8 {
    match family {
        IpFamily::IPv4 => 2,
        IpFamily::IPv6 => 10,
    }
}

/// The bytes of an address.
pub(crate) fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

fn request(requests: &mut Requests, change: &Change, number: u32) {
    const ACKNOWLEDGE: u16 = Requests::ACKNOWLEDGE;
    const ADD: u16 = ACKNOWLEDGE | Requests::CREATE | Requests::EXCLUSIVE;
    /// Replaces what is there.
    const PUT: u16 = ACKNOWLEDGE | Requests::CREATE | 0x100;
    match change {
        Change::Up { interface } => requests.push(n::SET_LINK, ACKNOWLEDGE, format!("set `{interface}` up"), |body| {
            body.bytes(&link_header(number, n::IFF_UP, n::IFF_UP));
        }),
        Change::Down { interface } => {
            requests.push(n::SET_LINK, ACKNOWLEDGE, format!("set `{interface}` down"), |body| {
                body.bytes(&link_header(number, 0, n::IFF_UP));
            });
        }
        Change::Delete { interface } => {
            requests.push(n::DELETE_LINK, ACKNOWLEDGE, format!("delete `{interface}`"), |body| {
                body.bytes(&link_header(number, 0, 0));
            });
        }
        Change::Address { interface, address } => {
            requests.push(n::NEW_ADDRESS, ADD, format!("add the address {address} to `{interface}`"), |body| {
                address_body(body, *address, number);
                body.native(n::IFA_FLAGS, n::IFA_F_NODAD);
            });
        }
        Change::NoAddress { interface, address } => {
            let about = format!("take the address {address} from `{interface}`");
            requests.push(n::DELETE_ADDRESS, ACKNOWLEDGE, about, |body| address_body(body, *address, number));
        }
        Change::Route(route) => requests
            .push(n::NEW_ROUTE, ADD, format!("add the route to {}", route.to), |body| route_body(body, route, number)),
        Change::NoRoute(route) => {
            let about = format!("take away the route to {}", route.to);
            requests.push(n::DELETE_ROUTE, ACKNOWLEDGE, about, |body| route_body(body, route, number));
        }
        Change::Neighbour { interface, address, hardware } => {
            requests.push(n::NEW_NEIGHBOUR, PUT, format!("add the neighbour {address} on `{interface}`"), |body| {
                neighbour_body(body, *address, number);
                body.attribute(n::NDA_LLADDR, &hardware.0);
            });
        }
        Change::NoNeighbour { interface, address } => {
            let about = format!("forget the neighbour {address} on `{interface}`");
            requests.push(n::DELETE_NEIGHBOUR, ACKNOWLEDGE, about, |body| neighbour_body(body, *address, number));
        }
    }
}

fn address_body(body: &mut Body<'_>, address: ipnet::IpNet, number: u32) {
    let scope = if address.addr().is_loopback() { n::SCOPE_HOST } else { n::SCOPE_UNIVERSE };
    let mut header = [0; n::ADDRESS_HEADER];
    header[0] = family_number(IpFamily::of(&address.addr()));
    header[1] = address.prefix_len();
    header[3] = scope;
    header[4..8].copy_from_slice(&number.to_ne_bytes());
    body.bytes(&header);
    body.attribute(n::IFA_LOCAL, &octets(address.addr()));
    body.attribute(n::IFA_ADDRESS, &octets(address.addr()));
}

fn route_body(body: &mut Body<'_>, route: &Route, number: u32) {
    let (kind, via) = match &route.kind {
        RouteKind::Unicast { via, .. } => (1, *via),
        RouteKind::Blackhole => (6, None),
        RouteKind::Unreachable => (7, None),
    };
    let is_on_link = matches!(&route.kind, RouteKind::Unicast { via: None, .. });
    let mut header = [0; n::ROUTE_HEADER];
    header[0] = family_number(IpFamily::of(&route.to.addr()));
    header[1] = route.to.prefix_len();
    header[4] = n::TABLE_MAIN;
    header[5] = n::PROTOCOL_STATIC;
    header[6] = if is_on_link && route.to.addr().is_ipv4() { n::SCOPE_LINK } else { n::SCOPE_UNIVERSE };
    header[7] = kind;
    if via.is_some() {
        header[8..12].copy_from_slice(&n::RTNH_F_ONLINK.to_ne_bytes());
    }
    body.bytes(&header);
    if route.to.prefix_len() > 0 {
        body.attribute(n::RTA_DST, &octets(route.to.network()));
    }
    if let Some(via) = via {
        body.attribute(n::RTA_GATEWAY, &octets(via));
    }
    if let Some(source) = route.source {
        body.attribute(n::RTA_PREFSRC, &octets(source));
    }
    if kind == 1 {
        body.native(n::RTA_OIF, number);
    }
}

fn neighbour_body(body: &mut Body<'_>, address: IpAddr, number: u32) {
    let mut header = [0; 12];
    header[0] = family_number(IpFamily::of(&address));
    header[4..8].copy_from_slice(&number.to_ne_bytes());
    header[8..10].copy_from_slice(&n::NUD_PERMANENT.to_ne_bytes());
    body.bytes(&header);
    body.attribute(n::NDA_DST, &octets(address));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_the_kernel_would_refuse_are_refused_with_their_rule() {
        assert!(check_name("veth0123456789a").is_ok());
        for strange in ["", "a/b", "a b", "a:1", "veth0123456789ab", ".", ".."] {
            assert!(matches!(check_name(strange), Err(NetnsError::Value { .. })), "{strange}");
        }
    }
}
