//! What embedded clusters need of the machine, as their provider looks at it.

use std::fmt::Debug;

use async_trait::async_trait;

use super::{Seen, Trap};

/// The system forbids namespaces of one's own. What forbids them is in user_namespaces(7), and in Ubuntu's and Debian's own settings.
pub(super) const NAMESPACES: Trap = Trap {
    id: "user-namespaces-forbidden",
    title: "The system forbids namespaces of one's own",
    why: "an embedded cluster is made of them: without any there is no node and no pod",
};

/// The kernel has no IPv6 (kernel `Documentation/networking/ipv6.rst`, `ipv6.disable=1`). The sysctl `disable_ipv6` is none: it is each
/// namespace's own, and ours have another.
pub(super) const IPV6: Trap = Trap {
    id: "kernel-without-ipv6",
    title: "The kernel has no IPv6",
    why: "nodes and pods of an embedded cluster share the machine's kernel, and would have one family",
};

/// There is no Envoy, or it is still to be fetched.
pub(super) const ENVOY: Trap = Trap {
    id: "envoy-absent",
    title: "There is no Envoy for the sidecars on this machine",
    why: "the run fetches it once, and stops where that fails",
};

/// What an embedded cluster needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Namespaces of its own.
    Namespaces,
    /// IPv6 in the kernel.
    Ipv6,
    /// An Envoy on this machine.
    Envoy,
}

/// A need that is not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// The need.
    pub need: Need,
    /// What is there instead.
    pub seen: String,
    /// What helps: a sentence with a command between backticks.
    pub cure: String,
    /// The run may meet the need itself, so this only warns.
    pub mendable: bool,
}

/// A machine, as who makes embedded clusters looks at it.
#[async_trait]
pub trait Ground: Debug + Send + Sync {
    /// Lists the needs that the machine does not meet; empty when all is well. Makes nothing and fetches nothing.
    async fn lacks(&self) -> Vec<Lack>;
}

/// Asks for what is lacking.
pub(in crate::doctor) async fn look(ground: &dyn Ground) -> Vec<Seen> {
    let seen = |lack: Lack| {
        let trap = match lack.need {
            Need::Namespaces => &NAMESPACES,
            Need::Ipv6 => &IPV6,
            Need::Envoy => &ENVOY,
        };
        if lack.mendable { trap.warns(lack.seen, lack.cure) } else { trap.blocks(lack.seen, lack.cure) }
    };
    ground.lacks().await.into_iter().map(seen).collect()
}
