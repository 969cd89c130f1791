//! Rules without their family, so that those of IPv4 and those of IPv6 can be compared.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::{Match, Matcher, Rule, RuleSet, RuleTarget};

/// A chain without its family.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NeutralChain {
    /// What happens at its end; `None` for one that is not built in.
    pub policy: Option<String>,
    /// Its rules, in their order.
    pub rules: Vec<NeutralRule>,
}

/// A rule without its family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeutralRule {
    /// What both families say alike; the same for two rules exactly where they mean the same.
    pub meaning: String,
    /// The rule as it was printed.
    pub text: String,
}

/// Addresses that stand for each other: the source of what a sidecar sends to its own application
/// (istio/istio:pkg/config/constants and tools/istio-iptables), the loopback, and everything.
const PAIRS: [(Ipv4Addr, Ipv6Addr); 3] = [
    (Ipv4Addr::new(127, 0, 0, 6), Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 6)),
    (Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST),
    (Ipv4Addr::UNSPECIFIED, Ipv6Addr::UNSPECIFIED),
];

/// Words that stand for each other.
const WORDS: [(&str, &str); 5] = [
    ("ipv6-icmp", "icmp"),
    ("icmp6", "icmp"),
    ("icmpv6", "icmp"),
    ("--icmpv6-type", "--icmp-type"),
    ("icmp6-port-unreachable", "icmp-port-unreachable"),
];

/// The port of name servers.
const DNS: u16 = 53;

impl RuleSet {
    /// Returns all chains by table and name, without what only one family can have, so that two families whose rules do the same return the
    /// same.
    ///
    /// `127.0.0.6`, `127.0.0.1` and `0.0.0.0/0` become the same as `::6`, `::1` and `::/0`. Any other network of an address is some network:
    /// which one is the family's own business, and so is how many of them follow each other with all else equal. A rule for the port of
    /// one name server is left out, because `/etc/resolv.conf` may name servers of one family only. So is what does nothing: an empty chain that accepts
    /// or is not built in, and a jump to it. What both packet filters hold is joined.
    #[must_use]
    pub fn neutral(&self) -> BTreeMap<(String, String), NeutralChain> {
        let mut chains: BTreeMap<(String, String), NeutralChain> = BTreeMap::new();
        let mut jumps: BTreeMap<(String, String), Vec<Option<&str>>> = BTreeMap::new();
        for table in &self.tables {
            for chain in &table.chains {
                let key = (table.name.clone(), chain.name.clone());
                let neutral = chains.entry(key.clone()).or_default();
                let policy = chain.policy.clone();
                if neutral.policy.is_none() || policy.as_deref().is_some_and(|policy| policy != "ACCEPT") {
                    neutral.policy = policy;
                }
                let jumps = jumps.entry(key).or_default();
                for rule in chain.rules.iter().filter(|rule| !is_for_one_name_server(rule)) {
                    let meaning = meaning(rule);
                    let again =
                        meaning.contains(SOME) && neutral.rules.last().is_some_and(|last| last.meaning == meaning);
                    if !again {
                        neutral.rules.push(NeutralRule { meaning, text: rule.text.clone() });
                        jumps.push(rule.target.as_ref().map(|target| target.name.as_str()));
                    }
                }
            }
        }
        while let Some(idle) = chains.iter().find(|(_, chain)| is_idle(chain)).map(|(key, _)| key.clone()) {
            chains.remove(&idle);
            jumps.remove(&idle);
            for (key, targets) in jumps.iter_mut().filter(|((table, _), _)| *table == idle.0) {
                let mut kept = targets.iter().map(|target| *target != Some(idle.1.as_str()));
                if let Some(chain) = chains.get_mut(key) {
                    chain.rules.retain(|_| kept.next().unwrap_or(true));
                }
                targets.retain(|target| *target != Some(idle.1.as_str()));
            }
        }
        chains
    }
}

/// Any network that has no counterpart.
const SOME: &str = "some network";

fn is_idle(chain: &NeutralChain) -> bool {
    chain.rules.is_empty() && chain.policy.as_deref().is_none_or(|policy| policy == "ACCEPT")
}

/// Tells whether a rule is about packets from or to the port of name servers at one address.
fn is_for_one_name_server(rule: &Rule) -> bool {
    let is_host = |matcher: &Matcher| {
        matches!(&matcher.what, Match::Source(net) | Match::Destination(net)
            if !matcher.negated && net.prefix_len() == net.max_prefix_len() && counterpart(net.addr()).is_none())
    };
    let is_dns = |matcher: &Matcher| {
        matches!(&matcher.what, Match::SourcePorts(ports) | Match::DestinationPorts(ports)
            if !matcher.negated && ports.iter().all(|range| (range.first, range.last) == (DNS, DNS)))
    };
    rule.matchers.iter().any(is_host) && rule.matchers.iter().any(is_dns)
}

/// Spells what a rule means, the same in both families.
fn meaning(rule: &Rule) -> String {
    let mut words: Vec<String> = rule.matchers.iter().map(condition).collect();
    if let Some(target) = &rule.target {
        words.push(action(target));
    }
    words.join(" ")
}

fn condition(matcher: &Matcher) -> String {
    let not = if matcher.negated { "! " } else { "" };
    let ports = |ports: &[super::PortRange]| ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let said = match &matcher.what {
        Match::Protocol(protocol) => format!("-p {}", word(protocol)),
        Match::Source(net) => format!("-s {}", network(net)),
        Match::Destination(net) => format!("-d {}", network(net)),
        Match::SourcePorts(ranges) => format!("--sports {}", ports(ranges)),
        Match::DestinationPorts(ranges) => format!("--dports {}", ports(ranges)),
        Match::UidOwner(ids) => format!("--uid-owner {ids}"),
        Match::GidOwner(ids) => format!("--gid-owner {ids}"),
        Match::Mark { value, mask } => format!("--mark {value:#x}/{mask:#x}"),
        Match::InInterface(name) => format!("-i {name}"),
        Match::OutInterface(name) => format!("-o {name}"),
        Match::Other(text) => return words(text),
    };
    format!("{not}{said}")
}

fn action(target: &RuleTarget) -> String {
    let flag = if target.goes { "-g" } else { "-j" };
    format!("{flag} {} {}", target.name, words(&target.options))
}

fn words(text: &str) -> String {
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn word(word: &str) -> String {
    if let Ok(address) = word.parse::<IpAddr>() {
        return counterpart(address).map_or_else(|| SOME.to_owned(), |address| address.to_string());
    }
    if let Ok(net) = word.parse::<IpNet>() {
        return network(&net);
    }
    WORDS.iter().find(|(v6, _)| *v6 == word).map_or(word, |(_, v4)| v4).to_owned()
}

fn network(net: &IpNet) -> String {
    let is_whole = net.prefix_len() == if net.addr().is_unspecified() { 0 } else { net.max_prefix_len() };
    match counterpart(net.addr()).filter(|_| is_whole) {
        Some(address) => address.to_string(),
        None => SOME.to_owned(),
    }
}

/// Returns the IPv4 address that stands for an address in both families; `None` where nothing does.
fn counterpart(address: IpAddr) -> Option<Ipv4Addr> {
    PAIRS.iter().find(|(v4, v6)| address == IpAddr::V4(*v4) || address == IpAddr::V6(*v6)).map(|(v4, _)| *v4)
}

#[cfg(test)]
mod tests {
    use super::super::{Chain, PacketFilter, PortRange, Table};
    use super::*;
    use crate::family::IpFamily;

    fn rule(matchers: Vec<Match>, target: &str) -> Rule {
        let matchers = matchers.into_iter().map(|what| Matcher { negated: false, what }).collect();
        let target = Some(RuleTarget { name: target.to_owned(), ..RuleTarget::default() });
        Rule { matchers, target, text: String::new() }
    }

    fn to(net: &str) -> Result<Match, ipnet::AddrParseError> {
        net.parse().map(Match::Destination)
    }

    fn rules(family: IpFamily, output: Vec<Rule>, own: Vec<Rule>) -> RuleSet {
        let built_in = Chain { name: "OUTPUT".to_owned(), policy: Some("ACCEPT".to_owned()), rules: output };
        let own = Chain { name: "OWN".to_owned(), policy: None, rules: own };
        let table = Table { filter: PacketFilter::Nft, name: "nat".to_owned(), chains: vec![built_in, own] };
        RuleSet { family, tables: vec![table], place: String::new() }
    }

    #[test]
    fn how_many_networks_a_family_has_is_its_own_business() -> Result<(), ipnet::AddrParseError> {
        let v4 = vec![rule(vec![to("10.1.0.0/16")?], "OWN"), rule(vec![to("10.2.0.0/16")?], "OWN")];
        let v6 = vec![rule(vec![to("fd00::/64")?], "OWN")];
        let own = || vec![rule(Vec::new(), "REDIRECT")];
        let neutral = rules(IpFamily::IPv4, v4, own()).neutral();
        assert_eq!(neutral, rules(IpFamily::IPv6, v6, own()).neutral());
        let none = rules(IpFamily::IPv6, Vec::new(), own()).neutral();
        assert_ne!(neutral, none, "that it has one is not");
        Ok(())
    }

    #[test]
    fn addresses_with_a_counterpart_are_not_some_network() -> Result<(), ipnet::AddrParseError> {
        let neutral = |family, net| Ok(rules(family, vec![rule(vec![to(net)?], "RETURN")], Vec::new()).neutral());
        for (v4, v6) in [("127.0.0.6/32", "::6/128"), ("127.0.0.1/32", "::1/128"), ("0.0.0.0/0", "::/0")] {
            assert_eq!(neutral(IpFamily::IPv4, v4)?, neutral(IpFamily::IPv6, v6)?);
            assert_ne!(neutral(IpFamily::IPv4, v4)?, neutral(IpFamily::IPv6, "::7/128")?);
        }
        Ok::<_, ipnet::AddrParseError>(())
    }

    #[test]
    fn what_is_left_empty_by_name_servers_goes_with_its_jumps() -> Result<(), ipnet::AddrParseError> {
        let port = Match::DestinationPorts(vec![PortRange { first: DNS, last: DNS }]);
        let own = vec![rule(vec![to("10.96.0.10/32")?, port], "REDIRECT")];
        let with = rules(IpFamily::IPv4, vec![rule(Vec::new(), "OWN")], own).neutral();
        assert!(with.is_empty(), "{with:?}");
        Ok(())
    }
}
