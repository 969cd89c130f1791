//! What two bundles are compared by.

use std::fmt;

use serde::Deserialize;

/// A part of the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Part {
    /// How a call of a matrix ended; its name is the call's id.
    Call,
    /// What an Envoy cluster is; its name is the cluster's.
    Cluster,
    /// The endpoints of a cluster; its name is the cluster's.
    Endpoints,
    /// The addresses of a listener; its name is what its address stands for.
    Listener,
    /// The rules of a chain, in their order; its name is `IPv6 nat ISTIO_OUTPUT`.
    Rules,
    /// The open TCP ports of a network namespace; its name is the family.
    Sockets,
}

impl Part {
    /// Spells it as the data does.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Cluster => "cluster",
            Self::Endpoints => "endpoints",
            Self::Listener => "listener",
            Self::Rules => "rules",
            Self::Sockets => "sockets",
        }
    }
}

/// One thing that both bundles could have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Thing {
    /// The part of the evidence that it belongs to.
    pub(super) part: Part,
    /// Its name there.
    pub(super) name: String,
    /// The pod whose it is, as `pod sleep/sleep#0`; empty for a call.
    pub(super) pod: String,
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { part, name, pod } = self;
        let part = part.word();
        match self.part {
            Part::Call => write!(f, "{part} {name}"),
            Part::Cluster | Part::Listener => write!(f, "{part} {name} of {pod}"),
            Part::Endpoints | Part::Rules | Part::Sockets => write!(f, "{part} of {name} in {pod}"),
        }
    }
}
