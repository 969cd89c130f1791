//! What objects have that say nothing, and what they must say.

mod admit;
mod pod;
mod workload;

pub use admit::Defaults;
pub(crate) use admit::base64;
pub(crate) use workload::negative_replicas;
