//! What the kernel holds in a pod's network namespace, as the node's tools print it, or as `istio-init` logs it.
//!
//! Nothing is dropped: a condition or an option of a rule that is not understood is kept word by word.

mod addresses;
mod init_log;
mod nft;
mod routes;
mod rule;
mod rules;
mod sockets;

pub use addresses::addresses;
pub use init_log::init_log;
pub use nft::native_tables;
pub use routes::routes;
pub use rules::rules;
pub use sockets::sockets;
