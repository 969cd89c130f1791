//! Istio's redirect of a pod's connections to its sidecar.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use dualproof_model::family::{IpFamily, PerFamily};
use ipnet::IpNet;

use crate::filter::{Chain, Expression, Hook, Meta, Part, Table, Verdict};
use crate::link::octets;

/// What the redirect of a pod does. The default is Istio's for a sidecar in REDIRECT mode
/// (istio/istio:tools/istio-iptables/pkg/capture/run.go), but for the sidecar's own connections: they are told by a mark of the packet instead of the
/// user and the group of the process, because a user namespace of ours has one user only. Istio's two blocks of three rules, for user and for
/// group, become one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// Which families are redirected; a dual-stack pod needs both.
    pub families: PerFamily<bool>,
    /// Whether `::6` is put on `lo`, which the sidecar needs as the source of what it sends to its own application over IPv6. Only where IPv6 is
    /// redirected, as Istio has it.
    pub has_loopback_source: bool,
    /// The mark of the sidecar's own packets.
    pub mark: u32,
    /// The sidecar's port for what the pod sends.
    pub outbound_port: u16,
    /// The sidecar's port for what the pod gets.
    pub inbound_port: u16,
    /// The port of the tunnel (HBONE), which is never redirected.
    pub tunnel_port: u16,
    /// Which connections to the pod are redirected.
    pub inbound: InboundPorts,
    /// Which connections of the pod are redirected.
    pub outbound: OutboundPorts,
    /// Ports that the pod's own connections go to directly (`traffic.sidecar.istio.io/excludeOutboundPorts`).
    pub excluded_outbound_ports: Vec<u16>,
    /// Networks that the pod's own connections go to directly (`traffic.sidecar.istio.io/excludeOutboundIPRanges`).
    pub excluded_outbound_networks: Vec<IpNet>,
}

/// Which connections to a pod are redirected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InboundPorts {
    /// Those to all ports but these (`traffic.sidecar.istio.io/excludeInboundPorts` and the sidecar's own).
    AllBut(Vec<u16>),
    /// Those to these ports (`traffic.sidecar.istio.io/includeInboundPorts`); none where it is empty.
    Only(Vec<u16>),
}

/// Which connections of a pod are redirected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutboundPorts {
    /// All.
    All,
    /// Those to these ports (`traffic.sidecar.istio.io/includeOutboundPorts`).
    Only(Vec<u16>),
}

impl Default for Redirect {
    fn default() -> Self {
        Self {
            families: PerFamily { v4: true, v6: true },
            has_loopback_source: true,
            mark: 1337,
            outbound_port: 15001,
            inbound_port: 15006,
            tunnel_port: 15008,
            inbound: InboundPorts::AllBut(vec![15090, 15021, 15020]),
            outbound: OutboundPorts::All,
            excluded_outbound_ports: Vec::new(),
            excluded_outbound_networks: Vec::new(),
        }
    }
}

impl Redirect {
    /// The address that a sidecar sends from to its own application (istio/istio:pkg/config/constants).
    #[must_use]
    pub fn loopback_source(family: IpFamily) -> IpAddr {
        match family {
            IpFamily::IPv4 => IpAddr::V4(Ipv4Addr::new(127, 0, 0, 6)),
            IpFamily::IPv6 => IpAddr::V6(Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 6)),
        }
    }

    /// The addresses that the redirect needs on `lo`: `::6`, or none.
    #[must_use]
    pub fn loopback_addresses(&self) -> Vec<IpNet> {
        let is_needed = self.families.v6 && self.has_loopback_source;
        is_needed.then(|| IpNet::from(Self::loopback_source(IpFamily::IPv6))).into_iter().collect()
    }

    /// Returns its tables: `nat` of each family that is redirected, with the chains that Istio makes in Istio's order. Change them before they are
    /// written to make a fault.
    #[must_use]
    pub fn tables(&self) -> Vec<Table> {
        let families = self.families.iter().filter(|(_, is_redirected)| **is_redirected);
        families.map(|(family, _)| self.table(family)).collect()
    }

    fn table(&self, family: IpFamily) -> Table {
        let jump = |chain: &str| Verdict::Jump(chain.to_owned());
        let prerouting = vec![rule([tcp()], jump("ISTIO_INBOUND"))];
        let output = vec![rule([], jump("ISTIO_OUTPUT"))];
        Table {
            family,
            name: "nat".to_owned(),
            maps: Vec::new(),
            // All four built-in chains are there, as iptables makes them.
            chains: vec![
                Chain::at("PREROUTING", "nat", Hook::Prerouting, -100, prerouting),
                Chain::at("INPUT", "nat", Hook::Input, 100, Vec::new()),
                Chain::at("OUTPUT", "nat", Hook::Output, -100, output),
                Chain::at("POSTROUTING", "nat", Hook::Postrouting, 100, Vec::new()),
                Chain::new("ISTIO_INBOUND", self.inbound()),
                Chain::new("ISTIO_IN_REDIRECT", vec![redirect(self.inbound_port)]),
                Chain::new("ISTIO_OUTPUT", self.output(family)),
                Chain::new("ISTIO_REDIRECT", vec![redirect(self.outbound_port)]),
            ],
        }
    }

    fn inbound(&self) -> Vec<Vec<Expression>> {
        let mut rules = vec![rule([tcp(), to_port(self.tunnel_port, true)], Verdict::Return)];
        let jump = || Verdict::Jump("ISTIO_IN_REDIRECT".to_owned());
        match &self.inbound {
            InboundPorts::AllBut(excluded) => {
                rules.extend(excluded.iter().map(|port| rule([tcp(), to_port(*port, true)], Verdict::Return)));
                rules.push(rule([tcp()], jump()));
            }
            InboundPorts::Only(ports) => {
                rules.extend(ports.iter().map(|port| rule([tcp(), to_port(*port, true)], jump())));
            }
        }
        rules
    }

    fn output(&self, family: IpFamily) -> Vec<Vec<Expression>> {
        let loopback = match family {
            IpFamily::IPv4 => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpFamily::IPv6 => IpAddr::V6(Ipv6Addr::LOCALHOST),
        };
        let own = |is_own| marked(self.mark, is_own);
        let outbound = || Verdict::Jump("ISTIO_REDIRECT".to_owned());
        let excluded = self.excluded_outbound_ports.iter();
        let mut rules: Vec<_> = excluded.map(|port| rule([tcp(), to_port(*port, true)], Verdict::Return)).collect();
        rules.extend([
            rule([from(Self::loopback_source(family)), out_lo()], Verdict::Return),
            // What the sidecar sends to its own pod's address, to reach it as others do.
            rule(
                [to(loopback.into(), false), out_lo(), tcp(), to_port(self.tunnel_port, false), own(true)],
                Verdict::Jump("ISTIO_IN_REDIRECT".to_owned()),
            ),
            rule([out_lo(), own(false)], Verdict::Return),
            rule([own(true)], Verdict::Return),
            rule([to(loopback.into(), true)], Verdict::Return),
        ]);
        let networks = self.excluded_outbound_networks.iter().filter(|net| IpFamily::of(&net.addr()) == family);
        rules.extend(networks.map(|net| rule([to(*net, true)], Verdict::Return)));
        match &self.outbound {
            OutboundPorts::All => rules.push(rule([], outbound())),
            OutboundPorts::Only(ports) => {
                rules.extend(ports.iter().map(|port| rule([tcp(), to_port(*port, true)], outbound())));
            }
        }
        rules
    }
}

/// The one register that the rules need.
const REGISTER: u32 = 8;
const TCP: u8 = 6;

fn rule<const N: usize>(conditions: [Vec<Expression>; N], verdict: Verdict) -> Vec<Expression> {
    let mut expressions = conditions.concat();
    expressions.push(Expression::Verdict(verdict));
    expressions
}

fn redirect(port: u16) -> Vec<Expression> {
    let value = port.to_be_bytes().to_vec();
    [tcp(), vec![Expression::Value { value, into: REGISTER }, Expression::Redirect { port: REGISTER }]].concat()
}

fn compare(is_equal: bool, value: Vec<u8>) -> Expression {
    Expression::Compare { register: REGISTER, is_equal, value }
}

fn tcp() -> Vec<Expression> {
    vec![Expression::Meta { key: Meta::Protocol, into: REGISTER }, compare(true, vec![TCP])]
}

fn to_port(port: u16, is_equal: bool) -> Vec<Expression> {
    let load = Expression::Payload { part: Part::Transport, offset: 2, length: 2, into: REGISTER };
    vec![load, compare(is_equal, port.to_be_bytes().to_vec())]
}

fn marked(mark: u32, is_equal: bool) -> Vec<Expression> {
    vec![Expression::Meta { key: Meta::Mark, into: REGISTER }, compare(is_equal, mark.to_ne_bytes().to_vec())]
}

fn out_lo() -> Vec<Expression> {
    // The name with the zeros that fill it up, as `nft` writes it.
    let mut name = b"lo".to_vec();
    name.resize(16, 0);
    vec![Expression::Meta { key: Meta::OutInterface, into: REGISTER }, compare(true, name)]
}

fn from(address: IpAddr) -> Vec<Expression> {
    network(address.into(), 12, 8, true)
}

fn to(net: IpNet, is_equal: bool) -> Vec<Expression> {
    network(net, 16, 24, is_equal)
}

/// Compares the address that stands at an offset of the header of IPv4 or IPv6.
fn network(net: IpNet, v4: u32, v6: u32, is_equal: bool) -> Vec<Expression> {
    let (offset, length) = if net.addr().is_ipv4() { (v4, 4) } else { (v6, 16) };
    let mut expressions = vec![Expression::Payload { part: Part::Network, offset, length, into: REGISTER }];
    if net.prefix_len() < net.max_prefix_len() {
        expressions.push(Expression::Mask { register: REGISTER, mask: octets(net.netmask()) });
    }
    expressions.push(compare(is_equal, octets(net.network())));
    expressions
}
