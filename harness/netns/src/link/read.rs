//! Reading back what is there.

use std::collections::BTreeMap;
use std::net::IpAddr;

use dualproof_model::family::IpFamily;
use ipnet::IpNet;

use super::links::family_number;
use super::{HardwareAddress, Links, numbers as n};
use crate::NetnsError;
use crate::netlink::{Answer, Attributes, Requests, text};

/// An interface that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Whether it is up.
    pub is_up: bool,
    /// The largest packet.
    pub mtu: u32,
    /// Its hardware address; `None` where it has none of six bytes.
    pub hardware: Option<HardwareAddress>,
    /// Its addresses, in the kernel's order.
    pub addresses: Vec<Address>,
}

/// An address of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address with the length of its prefix.
    pub net: IpNet,
    /// How far it is valid: 0 everywhere, 253 on the link, 254 on this machine.
    pub scope: u8,
    /// The kernel's flags (`IFA_F_*`).
    pub flags: u32,
}

/// A route that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRoute {
    /// Where it leads to; a length of 0 is the default route.
    pub to: IpNet,
    /// The kernel's number of what becomes of the packets: 1 unicast, 2 local, 3 broadcast, 4 anycast, 5 multicast, 6 blackhole, 7 unreachable.
    pub kind: u8,
    /// The next hop.
    pub via: Option<IpAddr>,
    /// The interface.
    pub interface: Option<String>,
    /// The source address it prefers.
    pub source: Option<IpAddr>,
    /// The table: 254 main, 255 local.
    pub table: u32,
    /// Whether the next hop is taken to be on the link.
    pub is_on_link: bool,
}

impl Links {
    /// Lists the interfaces with their addresses of both families.
    ///
    /// # Errors
    /// [`NetnsError::Refused`] where the kernel does not say.
    pub fn interfaces(&self) -> Result<Vec<Interface>, NetnsError> {
        let links = self.list(n::GET_LINK, "list the interfaces", &[0; n::LINK_HEADER])?;
        let mut interfaces: Vec<Interface> = links.iter().filter_map(interface).collect();
        for answer in self.list(n::GET_ADDRESS, "list the addresses", &[0; n::ADDRESS_HEADER])? {
            let Some((number, address)) = address(&answer) else { continue };
            if let Some(interface) = interfaces.iter_mut().find(|known| known.number == number) {
                interface.addresses.push(address);
            }
        }
        Ok(interfaces)
    }

    /// Lists the routes of one family, of every table.
    ///
    /// # Errors
    /// [`NetnsError::Refused`] where the kernel does not say.
    pub fn routes(&self, family: IpFamily) -> Result<Vec<KnownRoute>, NetnsError> {
        let links = self.list(n::GET_LINK, "list the interfaces", &[0; n::LINK_HEADER])?;
        let names: BTreeMap<u32, String> =
            links.iter().filter_map(interface).map(|interface| (interface.number, interface.name)).collect();
        let mut header = [0; n::ROUTE_HEADER];
        header[0] = family_number(family);
        let answers = self.list(n::GET_ROUTE, "list the routes", &header)?;
        Ok(answers.iter().filter_map(|answer| route(answer, family, &names)).collect())
    }

    fn list(&self, kind: u16, about: &str, header: &[u8]) -> Result<Vec<Answer>, NetnsError> {
        let mut requests = Requests::new();
        requests.push(kind, Requests::DUMP, about, |body| body.bytes(header));
        self.socket.ask(requests, true)
    }
}

fn interface(answer: &Answer) -> Option<Interface> {
    if answer.kind != n::NEW_LINK {
        return None;
    }
    let attributes = Attributes::behind(n::LINK_HEADER, &answer.body);
    Some(Interface {
        number: native(answer.body.get(4..8)?)?,
        name: text(attributes.get(n::IFLA_IFNAME)?),
        is_up: native(answer.body.get(8..12)?)? & n::IFF_UP != 0,
        mtu: attributes.get(n::IFLA_MTU).and_then(native).unwrap_or(0),
        hardware: attributes.get(n::IFLA_ADDRESS).and_then(|bytes| bytes.try_into().ok()).map(HardwareAddress),
        addresses: Vec::new(),
    })
}

fn address(answer: &Answer) -> Option<(u32, Address)> {
    if answer.kind != n::NEW_ADDRESS {
        return None;
    }
    let attributes = Attributes::behind(n::ADDRESS_HEADER, &answer.body);
    let local = attributes.get(n::IFA_LOCAL).or(attributes.get(n::IFA_ADDRESS))?;
    let [_, length, flags, scope, number @ ..] = answer.body.get(..n::ADDRESS_HEADER)? else { return None };
    let net = IpNet::new(ip(local)?, *length).ok()?;
    let flags = attributes.get(n::IFA_FLAGS).and_then(native).unwrap_or(u32::from(*flags));
    Some((native(number)?, Address { net, scope: *scope, flags }))
}

fn route(answer: &Answer, family: IpFamily, names: &BTreeMap<u32, String>) -> Option<KnownRoute> {
    if answer.kind != n::NEW_ROUTE || *answer.body.first()? != family_number(family) {
        return None;
    }
    let attributes = Attributes::behind(n::ROUTE_HEADER, &answer.body);
    let [_, length, _, _, table, _, _, kind, flags @ ..] = answer.body.get(..n::ROUTE_HEADER)? else { return None };
    let everything = match family {
        IpFamily::IPv4 => IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
        IpFamily::IPv6 => IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED),
    };
    let to = attributes.get(n::RTA_DST).map_or(Some(everything), ip)?;
    Some(KnownRoute {
        to: IpNet::new(to, *length).ok()?,
        kind: *kind,
        via: attributes.get(n::RTA_GATEWAY).and_then(ip),
        interface: attributes.get(n::RTA_OIF).and_then(native).and_then(|number| names.get(&number).cloned()),
        source: attributes.get(n::RTA_PREFSRC).and_then(ip),
        table: attributes.get(n::RTA_TABLE).and_then(native).unwrap_or(u32::from(*table)),
        is_on_link: native(flags)? & n::RTNH_F_ONLINK != 0,
    })
}

fn native(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.try_into().ok()?))
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        _ => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
    }
}
