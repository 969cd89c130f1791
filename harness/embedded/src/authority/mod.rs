//! The mesh's certificate authority: one root a cluster, and a certificate for each workload that carries its SPIFFE name.
//!
//! Certificates are as istiod's (security/pkg/pki): ECDSA P-256, one URI in the alternative names, for clients and servers.
//! [`Secrets`] hands them to Envoy as files, where istio-agent would serve them over a socket.

mod error;

mod identity;
mod root;

mod secrets;

pub use error::AuthorityError;
pub use identity::Identity;
pub use root::{Authority, Certificate};
pub use secrets::{ROOT_SECRET, Secrets, WORKLOAD_SECRET};
