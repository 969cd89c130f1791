//! The axes of the call matrix, as a scenario names them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::family::IpFamily;

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientKind {
    /// A pod with a sidecar.
    Meshed,
    /// A pod without one.
    Naked,
    /// A client that is not in the cluster.
    Outside,
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerKind {
    /// Pods with sidecars.
    Meshed,
    /// Pods without.
    Naked,
}

/// What the Service in front of the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// `RequireDualStack`, IPv4 first.
    DualV4V6,
    /// `RequireDualStack`, IPv6 first.
    DualV6V4,
    /// `PreferDualStack`, families as the cluster gives them.
    PreferDual,
    /// `SingleStack`, IPv4.
    SingleV4,
    /// `SingleStack`, IPv6.
    SingleV6,
    /// Without clusterIPs, both families.
    HeadlessDual,
    /// Without clusterIPs, one family.
    HeadlessSingle,
}

impl TargetKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::DualV4V6,
        Self::DualV6V4,
        Self::PreferDual,
        Self::SingleV4,
        Self::SingleV6,
        Self::HeadlessDual,
        Self::HeadlessSingle,
    ];

    /// Lists the families that a Service of this kind must have; `None` for the one family that a headless Service is given.
    #[must_use]
    pub fn families(self) -> Option<&'static [IpFamily]> {
        match self {
            Self::SingleV4 => Some(&[IpFamily::IPv4]),
            Self::SingleV6 => Some(&[IpFamily::IPv6]),
            Self::HeadlessSingle => None,
            Self::DualV4V6 | Self::DualV6V4 | Self::PreferDual | Self::HeadlessDual => Some(&IpFamily::BOTH),
        }
    }
}

impl fmt::Display for TargetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DualV4V6 => "dual v4,v6",
            Self::DualV6V4 => "dual v6,v4",
            Self::PreferDual => "PreferDualStack",
            Self::SingleV4 => "single v4",
            Self::SingleV6 => "single v6",
            Self::HeadlessDual => "headless dual",
            Self::HeadlessSingle => "headless single",
        })
    }
}

/// Which port is dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PortKind {
    /// The first that the Service names.
    Declared,
    /// Another one that it names.
    Second,
    /// One on which the server listens and that no Service of its pods names.
    Undeclared,
}

impl PortKind {
    /// Spells the kind.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Second => "second",
            Self::Undeclared => "undeclared",
        }
    }
}

/// `PeerAuthentication.spec.mtls.mode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mtls {
    /// Plaintext is answered, too.
    #[default]
    Permissive,
    /// Plaintext is refused.
    Strict,
}

/// `outboundTrafficPolicy.mode` of a client's proxy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outbound {
    /// Unknown destinations are passed through.
    #[default]
    AllowAny,
    /// They are refused.
    RegistryOnly,
}
