//! Rules of the packet filter, in one structure for both families.

use std::fmt;

use ipnet::IpNet;

use crate::family::IpFamily;

/// All rules of one family in one namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSet {
    /// The family.
    pub family: IpFamily,
    /// The tables, in the order in which they were printed. A table can be there twice, once for each [`PacketFilter`]; the kernel applies both.
    pub tables: Vec<Table>,
    /// Where it stands in the bundle.
    pub place: String,
}

/// Which part of the kernel holds a table. Rules of one are not seen by the tools of the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PacketFilter {
    /// nf_tables, behind `iptables-nft`.
    #[default]
    Nft,
    /// x_tables, behind `iptables-legacy`.
    Legacy,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Who holds it.
    pub filter: PacketFilter,
    /// `nat`, `mangle`, `raw`, `filter` or `security`.
    pub name: String,
    /// Its chains, in their order.
    pub chains: Vec<Chain>,
}

/// A chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// Its name.
    pub name: String,
    /// What happens at its end, such as `ACCEPT`; `None` for a chain that is not built in, whose end returns.
    pub policy: Option<String>,
    /// Its rules, in their order.
    pub rules: Vec<Rule>,
}

/// A rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// What must all be true, in the order in which it was printed.
    pub matchers: Vec<Matcher>,
    /// What is done then; `None` for a rule that only counts.
    pub target: Option<RuleTarget>,
    /// The rule as it was printed, without counters and without `-A` and the chain.
    pub text: String,
}

/// One condition of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matcher {
    /// Whether it must not be true.
    pub negated: bool,
    /// The condition.
    pub what: Match,
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// The protocol, as printed: `tcp`, `udp`, `ipv6-icmp`, a number.
    Protocol(String),
    /// The source network.
    Source(IpNet),
    /// The destination network.
    Destination(IpNet),
    /// The source port is one of these.
    SourcePorts(Vec<PortRange>),
    /// The destination port is one of these.
    DestinationPorts(Vec<PortRange>),
    /// The user of the sending process.
    UidOwner(IdRange),
    /// The group of the sending process.
    GidOwner(IdRange),
    /// The packet's mark under a mask.
    Mark {
        /// The value.
        value: u32,
        /// The mask; all ones where none was printed.
        mask: u32,
    },
    /// The interface that the packet came in by.
    InInterface(String),
    /// The interface that the packet goes out by.
    OutInterface(String),
    /// Anything else, word by word as it was printed, a negation inside it included.
    Other(String),
}

/// What a rule does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleTarget {
    /// A chain, or `RETURN`, `ACCEPT`, `REDIRECT`, `TPROXY` and so on.
    pub name: String,
    /// Whether the chain is gone to for good (`-g`) instead of called (`-j`).
    pub goes: bool,
    /// The port that `REDIRECT --to-ports` or `TPROXY --on-port` names; `None` for all others.
    pub port: Option<PortRange>,
    /// Its options as they were printed, those of `port` included; empty where there are none.
    pub options: String,
}

/// Ports from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortRange {
    /// The first.
    pub first: u16,
    /// The last.
    pub last: u16,
}

/// Numbers of users or groups from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdRange {
    /// The first.
    pub first: u32,
    /// The last.
    pub last: u32,
}

impl RuleSet {
    /// Visits the rules that packets of a built-in chain of a table can come to, through jumps, each chain once. None where there is no
    /// such chain.
    #[must_use]
    pub fn reachable(&self, table: &str, chain: &str) -> Vec<&Rule> {
        let mut found = Vec::new();
        for table in self.tables.iter().filter(|known| known.name == table) {
            let (mut ahead, mut seen) = (vec![chain], Vec::new());
            while let Some(name) = ahead.pop() {
                if seen.contains(&name) {
                    continue;
                }
                seen.push(name);
                for rule in table.chains.iter().filter(|known| known.name == name).flat_map(|chain| &chain.rules) {
                    found.push(rule);
                    ahead.extend(rule.target.iter().map(|target| target.name.as_str()));
                }
            }
        }
        found
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        spell(f, self.first, self.last)
    }
}

impl fmt::Display for IdRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        spell(f, self.first, self.last)
    }
}

fn spell<T: fmt::Display + PartialEq>(f: &mut fmt::Formatter<'_>, first: T, last: T) -> fmt::Result {
    if first == last { write!(f, "{first}") } else { write!(f, "{first}-{last}") }
}
