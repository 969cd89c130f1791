//! One file for each question, named as in a bundle.

use dualproof_model::family::IpFamily;

use super::{json, rules};
use crate::{Namespace, NetnsError};

/// The names of the files, in their order (`dump`'s `NETNS_FILES`).
pub const FILES: [File; 10] = [
    File::Rules(IpFamily::IPv4),
    File::Rules(IpFamily::IPv6),
    File::Tables,
    File::Addresses,
    File::Routes(IpFamily::IPv4),
    File::Routes(IpFamily::IPv6),
    File::Sockets("tcp"),
    File::Sockets("tcp6"),
    File::Sockets("udp"),
    File::Sockets("udp6"),
];

/// A file about a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// `iptables-save` and `ip6tables-save`: the rules of the tables that iptables knows.
    Rules(IpFamily),
    /// `nft.json`: tables, chains and sets of both families, as `nft -j list ruleset` prints them, without rules and elements.
    Tables,
    /// `addr.json`: `ip -j addr`.
    Addresses,
    /// `route.json` and `route6.json`: `ip -j route show table all`.
    Routes(IpFamily),
    /// `proc-net-tcp` and its like: a table of `/proc/net`.
    Sockets(&'static str),
}

impl File {
    /// Its name in a bundle.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Rules(IpFamily::IPv4) => "iptables-save".to_owned(),
            Self::Rules(IpFamily::IPv6) => "ip6tables-save".to_owned(),
            Self::Tables => "nft.json".to_owned(),
            Self::Addresses => "addr.json".to_owned(),
            Self::Routes(IpFamily::IPv4) => "route.json".to_owned(),
            Self::Routes(IpFamily::IPv6) => "route6.json".to_owned(),
            Self::Sockets(table) => format!("proc-net-{table}"),
        }
    }

    /// Asks the kernel and writes its content.
    ///
    /// # Errors
    /// [`NetnsError`] where the kernel does not say.
    pub fn read(self, namespace: &Namespace) -> Result<String, NetnsError> {
        Ok(match self {
            Self::Rules(family) => rules::saved(&namespace.filter().tables(family)?, family),
            Self::Tables => {
                let mut tables = namespace.filter().tables(IpFamily::IPv4)?;
                tables.extend(namespace.filter().tables(IpFamily::IPv6)?);
                json::tables(&tables).to_string()
            }
            Self::Addresses => json::addresses(&namespace.links().interfaces()?).to_string(),
            Self::Routes(family) => json::routes(&namespace.links().routes(family)?).to_string(),
            Self::Sockets(table) => namespace.table(table)?,
        })
    }
}
