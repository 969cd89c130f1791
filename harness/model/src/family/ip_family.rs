//! The two families, the Service's policy about them, and a value for each.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An IP family as Kubernetes spells it (`core/v1` `IPFamily`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum IpFamily {
    /// 32-bit addresses.
    IPv4,
    /// 128-bit addresses.
    IPv6,
}

impl IpFamily {
    /// Both families, IPv4 first: for iteration, never as a statement about preference.
    pub const BOTH: [Self; 2] = [Self::IPv4, Self::IPv6];

    /// Tells the family of a canonical address.
    #[must_use]
    pub fn of(address: &IpAddr) -> Self {
        if address.is_ipv4() { Self::IPv4 } else { Self::IPv6 }
    }

    /// Returns the family that this one is not.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::IPv4 => Self::IPv6,
            Self::IPv6 => Self::IPv4,
        }
    }

    /// Returns the DNS record type that carries this family (`A` or `AAAA`).
    #[must_use]
    pub fn record_type(self) -> &'static str {
        match self {
            Self::IPv4 => "A",
            Self::IPv6 => "AAAA",
        }
    }
}

impl fmt::Display for IpFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IPv4 => "IPv4",
            Self::IPv6 => "IPv6",
        })
    }
}

/// A text is neither family.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no IP family: allowed are IPv4 and IPv6")]
pub struct IpFamilyError(String);

impl FromStr for IpFamily {
    type Err = IpFamilyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::BOTH.into_iter().find(|family| family.to_string() == text);
        known.ok_or_else(|| IpFamilyError(text.to_owned()))
    }
}

/// What a Service asks of the families (`core/v1` `IPFamilyPolicy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IpFamilyPolicy {
    /// One family.
    SingleStack,
    /// Two where the cluster has them, else one.
    PreferDualStack,
    /// Two, or the Service is refused.
    RequireDualStack,
}

impl fmt::Display for IpFamilyPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SingleStack => "SingleStack",
            Self::PreferDualStack => "PreferDualStack",
            Self::RequireDualStack => "RequireDualStack",
        })
    }
}

/// One value for each family; there is no way to hold one and forget the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerFamily<T> {
    /// The value for IPv4.
    #[serde(rename = "IPv4")]
    pub v4: T,
    /// The value for IPv6.
    #[serde(rename = "IPv6")]
    pub v6: T,
}

impl<T> PerFamily<T> {
    /// Returns the value of one family.
    pub fn get(&self, family: IpFamily) -> &T {
        match family {
            IpFamily::IPv4 => &self.v4,
            IpFamily::IPv6 => &self.v6,
        }
    }

    /// Returns the value of one family for change.
    pub fn get_mut(&mut self, family: IpFamily) -> &mut T {
        match family {
            IpFamily::IPv4 => &mut self.v4,
            IpFamily::IPv6 => &mut self.v6,
        }
    }

    /// Visits both, IPv4 first.
    pub fn iter(&self) -> impl Iterator<Item = (IpFamily, &T)> {
        IpFamily::BOTH.into_iter().map(|family| (family, self.get(family)))
    }
}
