//! A node's service proxy.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use dualproof_model::family::IpFamily;

use super::keys::{FIRST, Keys, key, map_name, port};
use crate::NetnsError;
use crate::filter::{Chain, Element, Expression, Hook, Map, Meta, Refusal, Table, Verdict};
use crate::link::octets;

/// The name of the tables.
const NAME: &str = "dualproof-services";
/// The mark of packets whose source is changed when they leave, as kube-proxy has it.
const MASQUERADE: u32 = 0x4000;
/// `IPS_DST_NAT` (linux:include/uapi/linux/netfilter/nf_conntrack_common.h).
const DESTINATION_CHANGED: u32 = 1 << 5;
/// A register that no key reaches to: IPv6's address, protocol, port and choice take seven.
const SPARE: u32 = 20;

/// A virtual service: a front that nobody listens at, and who answers for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualService {
    /// Its protocol.
    pub transport: Transport,
    /// Where it is called.
    pub front: Front,
    /// Who answers, chosen at random for each connection; the front's family. One that is there twice is chosen twice as often. Where there is none,
    /// callers are refused.
    pub backends: Vec<SocketAddr>,
}

/// The protocol of a virtual service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// Where a virtual service is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Front {
    /// At an address of its own: a ClusterIP, or that of a load balancer.
    Address(SocketAddr),
    /// At a port of every address of the node, but not of its loopback.
    NodePort {
        /// The family.
        family: IpFamily,
        /// The port.
        port: u16,
    },
}

/// The virtual services of a node, checked.
///
/// They become one table for each family. However many services there are, the number of rules is that of the different numbers of backends: the
/// backend is looked up in a map by address, protocol, port and a random number. Sources are changed for calls to a NodePort, and for a backend that
/// calls itself through its service; all others keep theirs. A call to a service that nobody answers for gets a reset over TCP (`kube-proxy`
/// sends an ICMP error, of which the kernel sends one a second), an ICMP error over UDP. So does one to a port that no service has at an address
/// which another has: kube-proxy's table of nftables refuses those, too (kubernetes/kubernetes:pkg/proxy/nftables/proxier.go `cluster-ips-check`),
/// where its rules of iptables would let them leave for wherever the default route leads, and hang.
///
/// A node needs a route for the addresses of services, such as its default route, for what it sends itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Services(BTreeMap<(Transport, Front), Vec<SocketAddr>>);

impl Services {
    /// Checks virtual services.
    ///
    /// # Errors
    /// [`NetnsError::Value`] for a backend of another family than its front's, and two services at the same front.
    pub fn new(services: impl IntoIterator<Item = VirtualService>) -> Result<Self, NetnsError> {
        let mut checked = BTreeMap::new();
        for VirtualService { transport, front, backends } in services {
            let what = format!("a backend of {front:?}");
            if let Some(strange) = backends.iter().find(|backend| IpFamily::of(&backend.ip()) != front.family()) {
                let expected = "of the family of the service's own address";
                return Err(NetnsError::Value { what, value: strange.to_string(), expected });
            }
            if checked.insert((transport, front), backends).is_some() {
                let what = "the front of a second service".to_owned();
                return Err(NetnsError::Value {
                    what,
                    value: format!("{front:?}"),
                    expected: "one that is still free",
                });
            }
        }
        Ok(Self(checked))
    }

    /// Returns the tables of both families, to be given to [`crate::filter::Filter::replace`]. A family without services has a table without elements.
    #[must_use]
    pub fn tables(&self) -> Vec<Table> {
        IpFamily::BOTH.map(|family| self.table(family)).into()
    }

    fn table(&self, family: IpFamily) -> Table {
        let keys = Keys::of(family);
        let own = || self.0.iter().filter(|((_, front), _)| front.family() == family);
        let mut maps: BTreeMap<(bool, usize), Vec<Element>> = BTreeMap::new();
        let mut refused = [Vec::new(), Vec::new()];
        let (mut selves, mut addresses) = (BTreeSet::new(), BTreeSet::new());
        for ((transport, front), backends) in own() {
            let is_port = matches!(front, Front::NodePort { .. });
            if let Front::Address(address) = front {
                addresses.insert(Element { key: octets(address.ip()), value: None });
            }
            if backends.is_empty() {
                refused[usize::from(is_port)].push(Element { key: key(*transport, *front, None), value: None });
            }
            let elements = maps.entry((is_port, backends.len())).or_default();
            for (choice, backend) in (0..).zip(backends) {
                let value = Some([octets(backend.ip()), port(backend.port())].concat());
                elements.push(Element { key: key(*transport, *front, Some(choice)), value });
                let address = octets(backend.ip());
                selves.insert(Element { key: [address.clone(), address].concat(), value: None });
            }
        }
        maps.retain(|(_, count), _| *count > 0);
        let services = maps.keys().map(|(is_port, count)| keys.choose(*is_port, *count)).collect();
        let mut sets: Vec<Map> =
            maps.into_iter().map(|((is_port, count), elements)| keys.map(is_port, count, elements)).collect();
        let [unanswered, ports] = refused;
        sets.extend([
            keys.set("refused-addresses", keys.front(false), unanswered),
            keys.set("refused-ports", keys.front(true), ports),
            keys.set("selves", vec![keys.address, keys.address], selves.into_iter().collect()),
            keys.set("addresses", vec![keys.address], addresses.into_iter().collect()),
        ]);
        sets.iter_mut().for_each(|set| set.elements.sort_unstable());
        let jump = |chain: &str| vec![vec![Expression::Verdict(Verdict::Jump(chain.to_owned()))]];
        Table {
            family,
            name: NAME.to_owned(),
            maps: sets,
            chains: vec![
                // Before destinations are changed, and in a chain of `filter`: one of `nat` cannot refuse.
                Chain::at("refuse-incoming", "filter", Hook::Prerouting, -110, jump("refuse")),
                Chain::at("refuse-own", "filter", Hook::Output, -110, jump("refuse")),
                Chain::at("incoming", "nat", Hook::Prerouting, -100, jump("choose")),
                Chain::at("own", "nat", Hook::Output, -100, jump("choose")),
                Chain::at("leaving", "nat", Hook::Postrouting, 100, keys.masquerade()),
                // What still has the address of a service, behind where destinations are changed, is for none of its ports.
                Chain::at("stray-passing", "filter", Hook::Forward, 0, jump("stray")),
                Chain::at("stray-own", "filter", Hook::Output, 0, jump("stray")),
                Chain::new("refuse", keys.refuse()),
                Chain::new("choose", services),
                Chain::new("stray", keys.stray()),
            ],
        }
    }
}

impl Front {
    /// The family in which it is called.
    #[must_use]
    pub fn family(&self) -> IpFamily {
        match self {
            Self::Address(address) => IpFamily::of(&address.ip()),
            Self::NodePort { family, .. } => *family,
        }
    }
}

impl Transport {
    /// The number of the protocol (IANA).
    pub(super) fn number(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
        }
    }
}

/// The rules.
impl Keys {
    fn choose(self, is_port: bool, count: usize) -> Vec<Expression> {
        let (mut expressions, next) = self.load(is_port);
        expressions.push(Expression::Random { below: u32::try_from(count).unwrap_or(u32::MAX), into: next });
        expressions.push(Expression::Lookup { set: map_name(is_port, count), key: FIRST, into: Some(FIRST) });
        if is_port {
            expressions.push(Expression::Value { value: MASQUERADE.to_ne_bytes().into(), into: SPARE });
            expressions.push(Expression::SetMark { from: SPARE });
        }
        expressions.push(Expression::Destination { address: FIRST, port: FIRST + self.address.1 });
        expressions
    }

    fn refuse(self) -> Vec<Vec<Expression>> {
        let mut rules = Vec::new();
        for (is_port, set) in [(false, "refused-addresses"), (true, "refused-ports")] {
            let (mut expressions, next) = self.load(is_port);
            expressions.push(Expression::Lookup { set: set.to_owned(), key: FIRST, into: None });
            rules.extend(refusals(expressions, next - 2));
        }
        rules
    }

    fn stray(self) -> Vec<Vec<Expression>> {
        let protocol = FIRST + self.address.1;
        let expressions = vec![
            self.load_address(self.destination, FIRST),
            Expression::Lookup { set: "addresses".to_owned(), key: FIRST, into: None },
            Expression::Meta { key: Meta::Protocol, into: protocol },
        ];
        refusals(expressions, protocol).into()
    }

    fn masquerade(self) -> Vec<Vec<Expression>> {
        let equal =
            |is_equal, value: u32| Expression::Compare { register: FIRST, is_equal, value: value.to_ne_bytes().into() };
        vec![
            vec![Expression::Meta { key: Meta::Mark, into: FIRST }, equal(true, MASQUERADE), Expression::Masquerade],
            vec![
                Expression::ConnectionStatus { into: FIRST },
                Expression::Mask { register: FIRST, mask: DESTINATION_CHANGED.to_ne_bytes().into() },
                equal(false, 0),
                self.load_address(self.source, FIRST),
                self.load_address(self.destination, FIRST + self.address.1),
                Expression::Lookup { set: "selves".to_owned(), key: FIRST, into: None },
                Expression::Masquerade,
            ],
        ]
    }
}

/// What is refused, in the way of its protocol, which is in this register.
fn refusals(what: Vec<Expression>, protocol: u32) -> [Vec<Expression>; 2] {
    let is_tcp = Expression::Compare { register: protocol, is_equal: true, value: vec![Transport::Tcp.number()] };
    [
        [what.clone(), vec![is_tcp, Expression::Reject(Refusal::Reset)]].concat(),
        [what, vec![Expression::Reject(Refusal::PortUnreachable)]].concat(),
    ]
}
