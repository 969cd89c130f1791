//! Tables as values.

use dualproof_model::family::IpFamily;

use super::Expression;

/// A table of one family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its family.
    pub family: IpFamily,
    /// Its name.
    pub name: String,
    /// Its sets and maps.
    pub maps: Vec<Map>,
    /// Its chains, in the order in which they are made. A chain may jump to one that comes later.
    pub chains: Vec<Chain>,
}

/// A chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Its name.
    pub name: String,
    /// Where packets enter it; `None` for one that is only jumped to. What comes to its end is accepted.
    pub base: Option<Base>,
    /// Its rules, in their order.
    pub rules: Vec<Vec<Expression>>,
}

/// Where packets enter a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// `nat`, whose rules see the first packet of a connection, or `filter`, whose rules see all.
    pub kind: String,
    /// The hook.
    pub hook: Hook,
    /// The order among chains of the hook; the lowest is the first. The kernel changes destinations at -100 and sources at 100.
    pub priority: i32,
}

/// A place that packets pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// They came in, and no route was looked for yet.
    Prerouting,
    /// They are for this machine.
    Input,
    /// They are for another machine.
    Forward,
    /// They were made here.
    Output,
    /// They leave.
    Postrouting,
}

/// A set, or a map where its elements have values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    /// Its name.
    pub name: String,
    /// What `nft` calls the parts of its keys, for its listings; the kernel does not look at it.
    pub key_type: u32,
    /// The length of its keys: four bytes for each part of up to four, sixteen for an address of IPv6.
    pub key_length: u32,
    /// The same for its values; `None` for a set.
    pub value: Option<(u32, u32)>,
    /// Its elements. The kernel does not keep their order: it is that of the keys.
    pub elements: Vec<Element>,
}

/// An element of a set or a map.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Element {
    /// The key.
    pub key: Vec<u8>,
    /// The value; `None` in a set.
    pub value: Option<Vec<u8>>,
}

impl Table {
    /// Finds a chain.
    #[must_use]
    pub fn chain(&self, name: &str) -> Option<&Chain> {
        self.chains.iter().find(|chain| chain.name == name)
    }

    /// Finds a chain to change its rules: how a fault is made.
    pub fn chain_mut(&mut self, name: &str) -> Option<&mut Chain> {
        self.chains.iter_mut().find(|chain| chain.name == name)
    }

    /// How it stands in errors.
    pub(super) fn title(&self) -> String {
        format!("{} {}", if self.family == IpFamily::IPv4 { "ip" } else { "ip6" }, self.name)
    }
}

impl Chain {
    /// Makes a chain that is only jumped to.
    #[must_use]
    pub fn new(name: &str, rules: Vec<Vec<Expression>>) -> Self {
        Self { name: name.to_owned(), base: None, rules }
    }

    /// Makes a chain that packets enter at a hook.
    #[must_use]
    pub fn at(name: &str, kind: &str, hook: Hook, priority: i32, rules: Vec<Vec<Expression>>) -> Self {
        Self { name: name.to_owned(), base: Some(Base { kind: kind.to_owned(), hook, priority }), rules }
    }
}

impl Hook {
    /// The kernel's number of it, the same for both families.
    pub(super) fn number(self) -> u32 {
        match self {
            Self::Prerouting => 0,
            Self::Input => 1,
            Self::Forward => 2,
            Self::Output => 3,
            Self::Postrouting => 4,
        }
    }

    pub(super) fn of(number: u32) -> Option<Self> {
        [Self::Prerouting, Self::Input, Self::Forward, Self::Output, Self::Postrouting]
            .into_iter()
            .find(|hook| hook.number() == number)
    }

    /// What `nft` calls it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Prerouting => "prerouting",
            Self::Input => "input",
            Self::Forward => "forward",
            Self::Output => "output",
            Self::Postrouting => "postrouting",
        }
    }
}
