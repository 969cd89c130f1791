//! The process that is a cluster: store, controllers, API, nodes and mesh, put together.
//!
//! It runs inside [`dualproof_netns::confine`], on a listener that was made outside: a socket stays in the network namespace in which it was
//! made, so clients of this machine reach the API as they reach any other.

mod error;
mod inspect;
mod serve;
mod settings;

pub use error::SupervisorError;
pub use inspect::NETNS_PAGE;
pub use serve::serve;
pub use settings::ClusterSettings;
