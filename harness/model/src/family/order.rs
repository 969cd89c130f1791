//! The order of the two families in a cluster.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::IpFamily;

/// Which family a dual-stack cluster lists first, in its subnets and so in nodes, pods and Services.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FamilyOrder {
    /// IPv4, then IPv6: kind's default.
    #[default]
    #[serde(rename = "v4,v6")]
    V4First,
    /// IPv6, then IPv4.
    #[serde(rename = "v6,v4")]
    V6First,
}

impl FamilyOrder {
    /// Lists the families in this order.
    #[must_use]
    pub fn families(self) -> [IpFamily; 2] {
        match self {
            Self::V4First => [IpFamily::IPv4, IpFamily::IPv6],
            Self::V6First => [IpFamily::IPv6, IpFamily::IPv4],
        }
    }

    /// Returns the family of `podIPs[0]` and of a Service that names none.
    #[must_use]
    pub fn primary(self) -> IpFamily {
        match self {
            Self::V4First => IpFamily::IPv4,
            Self::V6First => IpFamily::IPv6,
        }
    }

    /// Spells the order for names of cells and folders, without a comma.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::V4First => "v4-v6",
            Self::V6First => "v6-v4",
        }
    }
}

impl fmt::Display for FamilyOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4First => "v4,v6",
            Self::V6First => "v6,v4",
        })
    }
}

/// The text is neither order.
#[derive(Debug, thiserror::Error)]
#[error("unknown family order `{0}`: allowed are `v4,v6` and `v6,v4`")]
pub struct FamilyOrderError(String);

impl FromStr for FamilyOrder {
    type Err = FamilyOrderError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "v4,v6" => Ok(Self::V4First),
            "v6,v4" => Ok(Self::V6First),
            other => Err(FamilyOrderError(other.to_owned())),
        }
    }
}
