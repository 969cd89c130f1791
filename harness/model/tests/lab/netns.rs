//! What the kernel holds in a meshed pod's network namespace, written out from what nodes print.

use dualproof_model::evidence::{
    Chain, IdRange, Interface, ListeningSocket, Match, Matcher, Netns, NetnsSource, PacketFilter, PortRange, Protocol,
    Rule, RuleSet, RuleTarget, Table,
};
use dualproof_model::family::{IpFamily, PerFamily};
use dualproof_model::spec::InfraShape;
use ipnet::IpNet;

use super::{World, pod_ref};

/// The namespace of the pod with a number.
pub(super) fn netns(world: &World, namespace: &str, name: &str, number: u8) -> Netns {
    let eth0 = world
        .pod_ips(number)
        .into_iter()
        .map(|address| net(&address.to_string(), if address.is_ipv4() { 24 } else { 64 }));
    let lo = vec![net("127.0.0.1", 8), net("::6", 128), net("::1", 128)];
    let place = format!("netns/{namespace}/{name}");
    Netns {
        pod: pod_ref(namespace, name),
        source: NetnsSource::Node,
        rules: PerFamily {
            v4: Some(rules(IpFamily::IPv4, format!("{place}/iptables-save"))),
            v6: Some(rules(IpFamily::IPv6, format!("{place}/ip6tables-save"))),
        },
        interfaces: Some(vec![
            Interface { name: "lo".to_owned(), addresses: lo },
            Interface { name: "eth0".to_owned(), addresses: eth0.collect() },
        ]),
        sockets: PerFamily { v4: Some(sockets(world, IpFamily::IPv4)), v6: Some(sockets(world, IpFamily::IPv6)) },
        place,
        ..Netns::default()
    }
}

/// What a sidecar listens on: Envoy on a socket of each family, its agent on one for both.
fn sockets(world: &World, family: IpFamily) -> Vec<ListeningSocket> {
    let any = if family == IpFamily::IPv4 { "0.0.0.0" } else { "::" };
    let own = if family == IpFamily::IPv4 { "127.0.0.1" } else { "::1" };
    let open = |address: &str, port, uid| ListeningSocket {
        protocol: Protocol::Tcp,
        address: (super::ip(address), port).into(),
        uid,
    };
    let mut sockets = vec![open(any, 15001, 1337), open(any, 15006, 1337), open(any, 9000, 0)];
    let is_first = world.order.families()[0] == family;
    if world.shapes.infra_listeners == InfraShape::BothFamilies || is_first {
        sockets.extend([15021, 15090].map(|port| open(any, port, 1337)));
    }
    match family {
        IpFamily::IPv4 => sockets.extend([15000, 15004].map(|port| open(own, port, 1337))),
        IpFamily::IPv6 => sockets.push(open(any, 15020, 1337)),
    }
    sockets
}

/// The rules of Istio 1.24 and later in mode REDIRECT, and the empty chains of the older packet filter beside them.
fn rules(family: IpFamily, place: String) -> RuleSet {
    let (source, own) = match family {
        IpFamily::IPv4 => (net("127.0.0.6", 32), net("127.0.0.1", 32)),
        IpFamily::IPv6 => (net("::6", 128), net("::1", 128)),
    };
    let is = |what| Matcher { negated: false, what };
    let not = |what| Matcher { negated: true, what };
    let tcp = || is(Match::Protocol("tcp".to_owned()));
    let port = |port| Match::DestinationPorts(vec![PortRange { first: port, last: port }]);
    let lo = || is(Match::OutInterface("lo".to_owned()));
    let (uid, gid) = (|| Match::UidOwner(ID), || Match::GidOwner(ID));
    let mut output = vec![rule(vec![is(Match::Source(source)), lo()], "RETURN", None)];
    for owner in [uid as fn() -> Match, gid] {
        let to_self = vec![not(Match::Destination(own)), lo(), tcp(), not(port(15008)), is(owner())];
        output.push(rule(to_self, "ISTIO_IN_REDIRECT", None));
        output.push(rule(vec![lo(), not(owner())], "RETURN", None));
        output.push(rule(vec![is(owner())], "RETURN", None));
    }
    output.push(rule(vec![is(Match::Destination(own))], "RETURN", None));
    output.push(rule(Vec::new(), "ISTIO_REDIRECT", None));
    let mut inbound: Vec<Rule> =
        [15008, 15090, 15021, 15020].map(|skipped| rule(vec![tcp(), is(port(skipped))], "RETURN", None)).into();
    inbound.push(rule(vec![tcp()], "ISTIO_IN_REDIRECT", None));
    let built_in = |name: &str, rules| Chain { name: name.to_owned(), policy: Some("ACCEPT".to_owned()), rules };
    let chain = |name: &str, rules| Chain { name: name.to_owned(), policy: None, rules };
    let table = |filter, chains| Table { filter, name: "nat".to_owned(), chains };
    let nft = vec![
        built_in("PREROUTING", vec![rule(vec![tcp()], "ISTIO_INBOUND", None)]),
        built_in("INPUT", Vec::new()),
        built_in("OUTPUT", vec![rule(Vec::new(), "ISTIO_OUTPUT", None)]),
        built_in("POSTROUTING", Vec::new()),
        chain("ISTIO_INBOUND", inbound),
        chain("ISTIO_IN_REDIRECT", vec![rule(vec![tcp()], "REDIRECT", Some(15006))]),
        chain("ISTIO_OUTPUT", output),
        chain("ISTIO_REDIRECT", vec![rule(vec![tcp()], "REDIRECT", Some(15001))]),
    ];
    let legacy = vec![built_in("PREROUTING", Vec::new()), built_in("OUTPUT", Vec::new())];
    RuleSet { family, tables: vec![table(PacketFilter::Nft, nft), table(PacketFilter::Legacy, legacy)], place }
}

const ID: IdRange = IdRange { first: 1337, last: 1337 };

fn rule(matchers: Vec<Matcher>, target: &str, port: Option<u16>) -> Rule {
    let text = format!("{matchers:?} {target} {port:?}");
    let options = port.map_or_else(String::new, |port| format!("--to-ports {port}"));
    let port = port.map(|port| PortRange { first: port, last: port });
    Rule { matchers, target: Some(RuleTarget { name: target.to_owned(), goes: false, port, options }), text }
}

fn net(address: &str, length: u8) -> IpNet {
    IpNet::new(super::ip(address), length).unwrap_or_else(|error| panic!("{address}/{length}: {error}"))
}
