//! What a cell's call must come to.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use dualproof_wire::Outcome;

use super::Crossing;
use crate::family::IpFamily;

/// How long Envoy waits for one address before it tries the next
/// (envoyproxy/envoy:source/common/network/happy_eyeballs_connection_impl.cc; RFC 8305 section 5 recommends 250 ms).
pub const HAPPY_EYEBALLS: Duration = Duration::from_millis(300);

/// What a cell's call must come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// One of the cell's servers must answer.
    Answer(Answering),
    /// Nobody may answer.
    Failure(Failing),
    /// There is no such call, and why.
    NotApplicable(String),
    /// Nobody has written down what happens, and why not. Such a call proves nothing.
    Unstated(&'static str),
}

/// A call that must be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answering {
    /// The family that the client's own socket must have.
    pub dialled: IpFamily,
    /// The families over which it may reach the server: one of them.
    pub arrival: BTreeSet<IpFamily>,
    /// The families over which it may reach the server as well once the client's proxy has waited [`HAPPY_EYEBALLS`] for its first try.
    pub late: BTreeSet<IpFamily>,
    /// Whom the server must see.
    pub peer: Peer,
    /// The proxies that it must cross.
    pub crossing: Crossing,
    /// Why, with the source.
    pub because: &'static str,
}

/// Whom the server sees at the other end of its socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Its own sidecar: `127.0.0.6` or `::6`, by the family of arrival.
    Sidecar,
    /// The client's own socket.
    ClientSocket,
    /// A socket of the client's proxy: an address of the client's pod.
    ClientPod,
    /// An address that a node translated: nothing can be said of it but its family.
    Translated,
}

/// A call that must fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// How it may end: one of these.
    pub endings: BTreeSet<Ending>,
    /// The answer that is right as well, where a race between two proxies decides; none where nobody may answer.
    pub raced: Option<Answering>,
    /// Why, with the source.
    pub because: &'static str,
}

/// How a call ended that was not answered by a server of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// Closed without a word.
    Closed,
    /// Refused.
    Refused,
    /// Reset.
    Reset,
    /// The deadline passed.
    Timeout,
    /// No way there.
    Unreachable,
    /// The name has no such address.
    NoData,
    /// The name does not exist.
    NxDomain,
    /// The resolver failed.
    ServFail,
    /// TLS failed.
    Tls,
    /// Anything else.
    Failed,
    /// Something answered that is no server of ours: a proxy's own HTTP 503.
    Stranger,
}

impl Ending {
    /// Tells how a call ended; `None` when text came back, which says nothing yet of who wrote it.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Option<Self> {
        match outcome {
            Outcome::Replied(_) => None,
            Outcome::Closed => Some(Self::Closed),
            Outcome::Refused => Some(Self::Refused),
            Outcome::Reset => Some(Self::Reset),
            Outcome::Timeout => Some(Self::Timeout),
            Outcome::Unreachable => Some(Self::Unreachable),
            Outcome::NoData => Some(Self::NoData),
            Outcome::NxDomain => Some(Self::NxDomain),
            Outcome::ServFail => Some(Self::ServFail),
            Outcome::Tls(_) => Some(Self::Tls),
            Outcome::Failed(_) => Some(Self::Failed),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "closed",
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::NoData => "no-data",
            Self::NxDomain => "nxdomain",
            Self::ServFail => "servfail",
            Self::Tls => "tls",
            Self::Failed => "failed",
            Self::Stranger => "answered by a stranger",
        })
    }
}

impl Expected {
    pub(super) fn failure(endings: impl IntoIterator<Item = Ending>, because: &'static str) -> Self {
        Self::Failure(Failing { endings: endings.into_iter().collect(), raced: None, because })
    }
}
