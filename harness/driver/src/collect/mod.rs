//! Kubernetes objects and proxies' access logs into the bundle, as they were written.

mod access_log;
mod objects;
mod unchanged;

pub use access_log::access_logs;
pub use objects::objects;
pub use unchanged::unchanged;
