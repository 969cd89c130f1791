//! Which proxies a call crosses, and as what.

use std::fmt;

/// What the client's proxy makes of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientLeg {
    /// It is not crossed.
    None,
    /// It sends it to the Service's own cluster, `outbound|<port>||<host>`.
    Service,
    /// It passes it through, unknown.
    Passthrough,
}

/// What the server's proxy makes of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServerLeg {
    /// It is not crossed.
    None,
    /// It sends it to the port's own cluster, `inbound|<port>||`.
    Port,
    /// It passes it through: no Service names the port.
    Passthrough,
}

/// The proxies that a call crosses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Crossing {
    /// The client's.
    pub client: ClientLeg,
    /// The server's.
    pub server: ServerLeg,
    /// Both speak mTLS, so that each knows the other's identity.
    pub mutual: bool,
}

impl Crossing {
    /// No proxy at all.
    pub const NONE: Self = Self { client: ClientLeg::None, server: ServerLeg::None, mutual: false };
}

impl fmt::Display for Crossing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let client = match self.client {
            ClientLeg::None => "no proxy of the client",
            ClientLeg::Service => "the client's proxy by the Service's cluster",
            ClientLeg::Passthrough => "the client's proxy by passthrough",
        };
        let server = match self.server {
            ServerLeg::None => "no proxy of the server",
            ServerLeg::Port => "the server's proxy by the port's cluster",
            ServerLeg::Passthrough => "the server's proxy by passthrough",
        };
        write!(f, "{client}, {server}, {}", if self.mutual { "mTLS" } else { "plaintext" })
    }
}
