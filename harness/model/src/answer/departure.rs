//! In what a call departs from what was expected of it.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use dualproof_wire::{Bind, Protocol};

use super::NotAnAnswer;
use crate::evidence::PodRef;
use crate::family::IpFamily;
use crate::matrix::bind_slug;
use crate::truth::Ending;

/// An end of the server's socket, or of the client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// The client's own.
    Client,
    /// The server's own.
    Local,
    /// Whom the server sees.
    Peer,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "the client's socket",
            Self::Local => "the server's socket",
            Self::Peer => "the server's peer",
        })
    }
}

/// One way in which a call is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Departure {
    /// It should have been answered, or should have failed in another way.
    #[error("the call ended {}, expected {}", name(*.seen), names(.expected))]
    Ended {
        /// How it might have ended; empty where an answer was expected.
        expected: BTreeSet<Ending>,
        /// How it did; `None` for an answer of our server.
        seen: Option<Ending>,
    },
    /// The text is not an answer.
    #[error("{0}")]
    NotAnAnswer(NotAnAnswer),
    /// Our servers answer over HTTP with 200 alone.
    #[error("the answer has HTTP status {}, expected 200", .seen.map_or_else(|| "none".to_owned(), |seen| seen.to_string()))]
    OtherStatus {
        /// The answer's, if any.
        seen: Option<u16>,
    },
    /// The server belongs to another run.
    #[error("the server belongs to run `{seen}`, expected `{expected}`")]
    OtherRun {
        /// This run.
        expected: String,
        /// The answer's.
        seen: String,
    },
    /// The answer is to another call.
    #[error("the answer repeats token {}, expected `{expected}`", quoted(.seen.as_deref()))]
    OtherToken {
        /// The call's.
        expected: String,
        /// The answer's, if any.
        seen: Option<String>,
    },
    /// The greeting of a server that speaks first comes from another connection than its answer.
    #[error("greeting and answer are not of one connection")]
    OtherGreeting,
    /// A pod answered that does not stand behind the address.
    #[error("pod {seen} answered, expected {}", joined(.expected))]
    OtherPod {
        /// Who might have answered.
        expected: Vec<PodRef>,
        /// Who did.
        seen: PodRef,
    },
    /// The pod claims to run where it does not.
    #[error("the pod says it is on node `{seen}`, expected `{expected}`")]
    OtherNode {
        /// As the API server has it.
        expected: String,
        /// As the answer has it.
        seen: String,
    },
    /// A pod of the same name answered, from before or after.
    #[error("the pod says its UID is `{seen}`, expected `{expected}`")]
    OtherUid {
        /// As the API server has it.
        expected: String,
        /// As the answer has it.
        seen: String,
    },
    /// The pod runs as somebody else.
    #[error("the pod says it runs as `{seen}`, expected `{expected}`")]
    OtherServiceAccount {
        /// As the API server has it.
        expected: String,
        /// As the answer has it.
        seen: String,
    },
    /// Another port answered.
    #[error("port {seen} answered, expected {expected}")]
    OtherPort {
        /// The cell's.
        expected: u16,
        /// The answer's.
        seen: u16,
    },
    /// A socket of another bind mode answered.
    #[error("a socket bound {} answered, expected {}", bind_slug(*.seen), bind_slug(*.expected))]
    OtherBind {
        /// The cell's.
        expected: Bind,
        /// The answer's.
        seen: Bind,
    },
    /// Another protocol answered.
    #[error("protocol {seen:?} answered, expected {expected:?}")]
    OtherProtocol {
        /// The cell's.
        expected: Protocol,
        /// The answer's.
        seen: Protocol,
    },
    /// A socket has another family than it should.
    #[error("{end} is {seen}, expected {}", families(.expected))]
    OtherFamily {
        /// Which end.
        end: End,
        /// The families that it may have.
        expected: BTreeSet<IpFamily>,
        /// Its family.
        seen: IpFamily,
    },
    /// Both ends of the server's socket are not of one family, which no kernel does.
    #[error("the server's socket {local} has peer {peer} of another family")]
    MixedFamilies {
        /// The server's end.
        local: SocketAddr,
        /// The other.
        peer: SocketAddr,
    },
    /// An address is written `::ffff:a.b.c.d`, so that nobody finds it by its IPv4 form.
    #[error("{end} is written as the IPv4-mapped {address}")]
    Mapped {
        /// Which end.
        end: End,
        /// The address.
        address: SocketAddr,
    },
    /// The server's end is none of its pod's addresses.
    #[error("the server's socket {seen} is on none of its pod's podIPs")]
    NotItsOwn {
        /// The server's end.
        seen: SocketAddr,
    },
    /// The server sees another peer than it should.
    #[error("the server's peer is {seen}, expected {}", any_of(.expected))]
    OtherPeer {
        /// The addresses that it may be.
        expected: Vec<IpAddr>,
        /// What it is.
        seen: SocketAddr,
    },
    /// The server sees the right address and another port: another connection.
    #[error("the server's peer is {seen}, expected the client's own socket {expected}")]
    OtherSocket {
        /// The client's socket.
        expected: SocketAddr,
        /// What the server sees.
        seen: SocketAddr,
    },
}

fn name(ending: Option<Ending>) -> String {
    ending.map_or_else(|| "with an answer".to_owned(), |ending| ending.to_string())
}

fn names(endings: &BTreeSet<Ending>) -> String {
    if endings.is_empty() {
        return "an answer".to_owned();
    }
    endings.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

fn quoted(text: Option<&str>) -> String {
    text.map_or_else(|| "none".to_owned(), |text| format!("`{text}`"))
}

fn joined(pods: &[PodRef]) -> String {
    pods.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

fn families(families: &BTreeSet<IpFamily>) -> String {
    families.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

fn any_of(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}
