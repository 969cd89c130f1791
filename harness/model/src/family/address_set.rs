//! Sets of addresses, compared without regard to order or spelling.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{IpFamily, canonical};

/// A set of canonical addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AddressSet(BTreeSet<IpAddr>);

impl AddressSet {
    /// Returns the members of one family.
    #[must_use]
    pub fn of_family(&self, family: IpFamily) -> Self {
        self.0.iter().copied().filter(|address| IpFamily::of(address) == family).collect()
    }

    /// Returns what is here and not there.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).copied().collect())
    }

    /// Tells whether an address is a member.
    #[must_use]
    pub fn contains(&self, address: &IpAddr) -> bool {
        self.0.contains(&canonical(*address))
    }

    /// Tells whether both sets share a member.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        !self.0.is_disjoint(&other.0)
    }

    /// Visits the members, IPv4 before IPv6.
    pub fn iter(&self) -> impl Iterator<Item = &IpAddr> {
        self.0.iter()
    }

    /// Adds a member.
    pub fn insert(&mut self, address: IpAddr) {
        self.0.insert(canonical(address));
    }

    /// Counts the members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<IpAddr> for AddressSet {
    fn from_iter<T: IntoIterator<Item = IpAddr>>(addresses: T) -> Self {
        Self(addresses.into_iter().map(canonical).collect())
    }
}

impl fmt::Display for AddressSet {
    /// Prints `{10.0.0.1, fd00::1}`, or `none` for the empty set: findings read aloud well.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        f.write_str("{")?;
        for (position, address) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{address}")?;
        }
        f.write_str("}")
    }
}
