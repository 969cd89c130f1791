//! Why the cluster's DNS cannot be served.

use std::net::SocketAddr;

/// A zone or a server that could not be made, or that ended.
#[derive(Debug, thiserror::Error)]
pub enum DnsError {
    /// The cluster's domain is no name.
    #[error("the cluster domain `{domain}` is no DNS name: {why}")]
    Domain {
        /// The domain.
        domain: String,
        /// Why not.
        why: String,
    },
    /// A socket could not be used.
    #[error("cannot serve DNS over {transport}{}", at(*.address))]
    Socket {
        /// `UDP` or `TCP`.
        transport: &'static str,
        /// The socket's address; `None` when it has none.
        address: Option<SocketAddr>,
        /// What the system said.
        source: std::io::Error,
    },
}

impl DnsError {
    /// Says what to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Domain { .. } => "use a domain like `cluster.local`".to_owned(),
            Self::Socket { .. } => {
                "make the cluster again; if it happens again, look for a limit on open files (`ulimit -n`)".to_owned()
            }
        }
    }
}

fn at(address: Option<SocketAddr>) -> String {
    address.map(|address| format!(" at {address}")).unwrap_or_default()
}
