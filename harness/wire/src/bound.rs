//! What a server tells at its start: one line a socket.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::Bind;

/// What a listening socket serves. One port serves both versions of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// TCP: a line each way.
    Tcp,
    /// TCP: the server speaks first.
    ServerFirst,
    /// HTTP/1.1, and HTTP/2 by prior knowledge.
    Http,
    /// UDP: a datagram each way.
    Udp,
}

/// A socket that a server bound, or could not bind although it was allowed to fail. The server writes one such JSON line a socket to
/// standard output, in the order of its flags by service, before it takes the first connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bound {
    /// What is served there.
    pub service: Service,
    /// What the socket is bound to.
    pub bind: Bind,
    /// The address and port, as the kernel says them when it is bound, as wanted when it is not.
    pub address: SocketAddr,
    /// Why it could not be bound, in the system's words; none when it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
