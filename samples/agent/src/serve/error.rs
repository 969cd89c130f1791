//! Why a server did not start.

use std::net::SocketAddr;

/// A server that could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No socket was asked for.
    #[error("no socket to listen on")]
    Nothing,
    /// The environment does not say who this is.
    #[error("the environment has no {}", .missing.join(", "))]
    Identity {
        /// The variables that are not set.
        missing: Vec<&'static str>,
    },
    /// `POD_IPS` holds something else than addresses.
    #[error("POD_IPS holds `{text}`, which is no address")]
    PodIp {
        /// What is no address.
        text: String,
    },
    /// A socket should be bound to a pod's address of a family that the pod has none of.
    #[error("POD_IPS holds no {family} address for `{wanted}`")]
    NoPodIp {
        /// `IPv4` or `IPv6`.
        family: &'static str,
        /// What was asked for.
        wanted: String,
    },
    /// A socket could not be bound.
    #[error("cannot bind {service} {address} ({bind})")]
    Bind {
        /// What was to be served.
        service: &'static str,
        /// Where.
        address: SocketAddr,
        /// How.
        bind: String,
        /// Why.
        source: std::io::Error,
    },
    /// The runtime, the signals or standard output failed.
    #[error("cannot {what}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why.
        source: std::io::Error,
    },
}

impl ServeError {
    /// Says what to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Nothing => "name at least one: --tcp, --server-first, --http or --udp".to_owned(),
            Self::Identity { .. } => {
                "set each of them, in a pod by the downward API; set one to nothing to say that there is none"
                    .to_owned()
            }
            Self::PodIp { .. } | Self::NoPodIp { .. } => {
                "set POD_IPS from status.podIPs by the downward API: addresses with commas between them".to_owned()
            }
            Self::Bind { .. } => "free the port, or pass --may-fail to go on without this socket".to_owned(),
            Self::System { .. } => String::new(),
        }
    }
}
