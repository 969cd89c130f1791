//! What a service is found by: keys of sets and maps, and the registers that hold them.

use dualproof_model::family::IpFamily;

use super::{Front, Transport};
use crate::filter::{Element, Expression, Map, Meta, Part};
use crate::link::octets;

/// The first register.
pub(super) const FIRST: u32 = 8;
/// `RTN_LOCAL`.
const LOCAL: u32 = 2;

/// A part of a key: what `nft` calls its type, and its length in registers.
pub(super) type KeyPart = (u32, u32);
const PROTOCOL: KeyPart = (12, 1);
const PORT: KeyPart = (13, 1);
/// `nft` has no type for a bare number of four bytes but that of marks.
const CHOICE: KeyPart = (19, 1);

/// What differs between the families.
#[derive(Clone, Copy)]
pub(super) struct Keys {
    family: IpFamily,
    pub(super) address: KeyPart,
    /// Where source and destination stand in the header.
    pub(super) source: u32,
    pub(super) destination: u32,
}

impl Keys {
    pub(super) fn of(family: IpFamily) -> Self {
        match family {
            IpFamily::IPv4 => Self { family, address: (7, 1), source: 12, destination: 16 },
            IpFamily::IPv6 => Self { family, address: (8, 4), source: 8, destination: 24 },
        }
    }

    pub(super) fn front(self, is_port: bool) -> Vec<KeyPart> {
        if is_port { vec![PROTOCOL, PORT] } else { vec![self.address, PROTOCOL, PORT] }
    }

    pub(super) fn set(self, name: &str, parts: Vec<KeyPart>, elements: Vec<Element>) -> Map {
        let (key_type, key_length) = shape(&parts);
        Map { name: name.to_owned(), key_type, key_length, value: None, elements }
    }

    pub(super) fn map(self, is_port: bool, count: usize, elements: Vec<Element>) -> Map {
        let mut parts = self.front(is_port);
        parts.push(CHOICE);
        Map { value: Some(shape(&[self.address, PORT])), ..self.set(&map_name(is_port, count), parts, elements) }
    }

    pub(super) fn load_address(self, offset: u32, into: u32) -> Expression {
        Expression::Payload { part: Part::Network, offset, length: 4 * self.address.1, into }
    }

    /// Loads what a front is found by, and says where the next register is.
    pub(super) fn load(self, is_port: bool) -> (Vec<Expression>, u32) {
        let (mut expressions, mut next) = (Vec::new(), FIRST);
        if is_port {
            expressions.extend(self.is_of_node());
        } else {
            expressions.push(self.load_address(self.destination, FIRST));
            next += self.address.1;
        }
        expressions.push(Expression::Meta { key: Meta::Protocol, into: next });
        expressions.push(Expression::Payload { part: Part::Transport, offset: 2, length: 2, into: next + 1 });
        (expressions, next + 2)
    }

    /// Is true where the destination is an address of the node, and not of its loopback.
    fn is_of_node(self) -> Vec<Expression> {
        let compare = |is_equal, value| Expression::Compare { register: FIRST, is_equal, value };
        let mut expressions =
            vec![Expression::DestinationKind { into: FIRST }, compare(true, LOCAL.to_ne_bytes().into())];
        match self.family {
            IpFamily::IPv4 => expressions.extend([
                Expression::Payload { part: Part::Network, offset: self.destination, length: 1, into: FIRST },
                compare(false, vec![127]),
            ]),
            IpFamily::IPv6 => expressions.extend([
                self.load_address(self.destination, FIRST),
                compare(false, std::net::Ipv6Addr::LOCALHOST.octets().into()),
            ]),
        }
        expressions
    }
}

pub(super) fn map_name(is_port: bool, count: usize) -> String {
    format!("{}-of-{count}", if is_port { "ports" } else { "addresses" })
}

/// What `nft` calls the type of joined parts (six bits for each), and their length in bytes.
fn shape(parts: &[KeyPart]) -> (u32, u32) {
    parts.iter().fold((0, 0), |(kind, length), part| (kind << 6 | part.0, length + 4 * part.1))
}

/// The key of a front, with the number of the choice in a map.
pub(super) fn key(transport: Transport, front: Front, choice: Option<u32>) -> Vec<u8> {
    let (mut key, number) = match front {
        Front::Address(address) => (octets(address.ip()), address.port()),
        Front::NodePort { port, .. } => (Vec::new(), port),
    };
    key.extend([transport.number(), 0, 0, 0]);
    key.extend(port(number));
    key.extend(choice.into_iter().flat_map(u32::to_ne_bytes));
    key
}

/// A port in network byte order, and what fills its register up.
pub(super) fn port(number: u16) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    vec![high, low, 0, 0]
}
