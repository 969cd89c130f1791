//! A path and what it proves.

use std::fmt;
use std::net::SocketAddr;

use crate::evidence::{AccessLogLine, PodRef};
use crate::family::IpFamily;

/// The way of one call, as far as the evidence shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The call's id.
    pub call: String,
    /// What was passed, from the client on; empty when the chain is ambiguous.
    pub hops: Vec<Hop>,
    /// What the chain is worth.
    pub proof: Proof,
    /// What follows from the hops; empty when the chain is ambiguous.
    pub facts: Facts,
}

/// One thing that the call passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hop {
    /// The client's socket.
    Client {
        /// Its own address.
        socket: SocketAddr,
        /// The address that it dialled.
        dialled: SocketAddr,
    },
    /// A proxy.
    Proxy {
        /// Whose.
        side: Side,
        /// Its line.
        line: Box<AccessLogLine>,
    },
    /// The server's socket.
    Application {
        /// The server's pod.
        pod: PodRef,
        /// Whom it sees.
        peer: SocketAddr,
        /// Its own address.
        local: SocketAddr,
    },
}

/// Whose proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The client's.
    Client,
    /// The server's.
    Server,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "the client's proxy",
            Self::Server => "the server's proxy",
        })
    }
}

/// What a chain is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// One chain fits from end to end, and no other.
    Proven,
    /// A node rewrote both sockets between the proxies, or the server's kernel the source port, so that no socket links the ends; each
    /// end for itself is shown by one line and no other.
    Ends,
    /// Logs cannot be had, and the counters of every proxy on its way grew by exactly the calls that must have gone there
    /// ([`super::count`]). Weaker: it tells of clusters and hosts, not of sockets and certificates.
    Counters,
    /// More than one fits, or none can be told from others: it counts for nothing.
    Ambiguous {
        /// Why.
        why: String,
    },
    /// A part is not there (yet).
    Incomplete {
        /// The parts; never empty.
        missing: Vec<String>,
    },
}

/// What follows from a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The proxies that passed the call through, with the cluster's name.
    pub passthrough: Vec<(Side, String)>,
    /// The proxies that sent it to nowhere.
    pub black_hole: Vec<Side>,
    /// The sidecars that the call did not cross, though their pods have one. Stated for proven paths alone.
    pub skipped: Vec<Side>,
    /// What the proxies know of each other.
    pub identity: Identity,
    /// The family of each leg, in the call's order.
    pub legs: Vec<(Leg, IpFamily)>,
}

/// A leg of the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Leg {
    /// From the client's socket to what it dialled.
    Dialled,
    /// Between the two pods.
    Between,
    /// From the server's sidecar to its application.
    ToApplication,
}

/// What the proxies know of each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Identity {
    /// Fewer than two proxies were seen, so there is nobody to know.
    #[default]
    Nobody,
    /// Each knows the other by certificate.
    Mutual {
        /// The client, as the server's proxy knows it.
        client: String,
        /// The server, as the client's proxy knows it.
        server: String,
    },
    /// One of two proxies does not know the other.
    Lost,
}
