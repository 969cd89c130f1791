//! What a server says of itself and of the connection that asked.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

/// How client and server talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// TCP: the client sends a line, the server answers with one.
    Tcp,
    /// TCP: the server speaks before the client does.
    TcpServerFirst,
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 without TLS, by prior knowledge.
    H2c,
    /// UDP: a datagram each way.
    Udp,
}

/// What a server's socket is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bind {
    /// `0.0.0.0`.
    V4Any,
    /// `[::]` with IPV6_V6ONLY set.
    V6Only,
    /// `[::]` with IPV6_V6ONLY cleared: IPv4 arrives as `::ffff:a.b.c.d`.
    DualAny,
    /// One literal address: loopback or a pod's own.
    Address(IpAddr),
}

/// One answer of a server: who answered, and over which sockets. TCP, UDP and HTTP bodies carry the same line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answer {
    /// The run that deployed the server, from its environment: an answer of another run's server proves nothing.
    pub run: String,
    /// The pod's name.
    pub pod: String,
    /// The pod's UID.
    pub uid: String,
    /// The pod's namespace.
    pub namespace: String,
    /// The node.
    pub node: String,
    /// The pod's service account.
    pub service_account: String,
    /// The server's end of the connection, as the kernel says it; never in the form `::ffff:a.b.c.d`.
    pub local: SocketAddr,
    /// The client's end as the server sees it (with a sidecar `127.0.0.6` or `::6`); never in the form `::ffff:a.b.c.d`.
    pub peer: SocketAddr,
    /// What the listening socket is bound to.
    pub bind: Bind,
    /// The port that the socket listens on.
    pub port: u16,
    /// The protocol.
    pub protocol: Protocol,
    /// Counts the connections that this socket took, from 1; for UDP the datagrams. Two answers over one connection have the same.
    pub connection: u64,
    /// The client's token, when the client spoke before the answer was written; none for the greeting of a server that speaks first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}
