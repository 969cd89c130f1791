//! Why there is no cluster.

use std::io;

use crate::authority::AuthorityError;
use crate::node::NodeError;
use crate::store::Refusal;

/// Why a cluster does not begin, or ends before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum SupervisorError {
    /// The store does not take the first objects.
    #[error("cannot make the first objects of the cluster")]
    Objects(#[source] Refusal),
    /// The mesh's authority cannot be made.
    #[error("cannot make the mesh's certificate authority")]
    Authority(#[source] AuthorityError),
    /// The nodes do not start.
    #[error("cannot start the nodes")]
    Nodes(#[source] NodeError),
    /// The API does not serve.
    #[error("cannot serve the Kubernetes API")]
    Api(#[source] io::Error),
}

impl SupervisorError {
    /// Says what to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Objects(refusal) => refusal.hint(),
            Self::Authority(_) => "set the machine's clock: certificates are made for the time around now".to_owned(),
            Self::Nodes(error) => error.hint(),
            Self::Api(_) => "begin again: the port is chosen anew".to_owned(),
        }
    }
}
