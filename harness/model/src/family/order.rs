//! The families of a cluster, in their order.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::IpFamily;

/// Which families a cluster has, in the order of its subnets and so of nodes, pods and Services.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FamilyOrder {
    /// IPv4, then IPv6: kind's default.
    #[default]
    #[serde(rename = "v4,v6")]
    V4First,
    /// IPv6, then IPv4.
    #[serde(rename = "v6,v4")]
    V6First,
    /// IPv4 alone.
    #[serde(rename = "v4")]
    V4Alone,
    /// IPv6 alone.
    #[serde(rename = "v6")]
    V6Alone,
}

impl FamilyOrder {
    /// Lists the families in this order: one or two.
    #[must_use]
    pub fn families(self) -> &'static [IpFamily] {
        match self {
            Self::V4First => &[IpFamily::IPv4, IpFamily::IPv6],
            Self::V6First => &[IpFamily::IPv6, IpFamily::IPv4],
            Self::V4Alone => &[IpFamily::IPv4],
            Self::V6Alone => &[IpFamily::IPv6],
        }
    }

    /// Tells whether there are both families.
    #[must_use]
    pub fn is_dual(self) -> bool {
        self.families().len() > 1
    }

    /// Returns the family of `podIPs[0]` and of a Service that names none.
    #[must_use]
    pub fn primary(self) -> IpFamily {
        match self {
            Self::V4First | Self::V4Alone => IpFamily::IPv4,
            Self::V6First | Self::V6Alone => IpFamily::IPv6,
        }
    }

    /// Spells the order for names of cells and folders, without a comma.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::V4First => "v4-v6",
            Self::V6First => "v6-v4",
            Self::V4Alone => "v4",
            Self::V6Alone => "v6",
        }
    }
}

impl fmt::Display for FamilyOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4First => "v4,v6",
            Self::V6First => "v6,v4",
            Self::V4Alone => "v4",
            Self::V6Alone => "v6",
        })
    }
}

/// The text is no order.
#[derive(Debug, thiserror::Error)]
#[error("unknown family order `{0}`: allowed are `v4,v6` and `v6,v4`, in embedded clusters also `v4` and `v6`")]
pub struct FamilyOrderError(String);

impl FromStr for FamilyOrder {
    type Err = FamilyOrderError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "v4,v6" => Ok(Self::V4First),
            "v6,v4" => Ok(Self::V6First),
            "v4" => Ok(Self::V4Alone),
            "v6" => Ok(Self::V6Alone),
            other => Err(FamilyOrderError(other.to_owned())),
        }
    }
}
