//! What objects have that say nothing, and what they must say.

mod admit;
mod field;
mod pod;
mod workload;

pub use admit::Defaults;
pub(crate) use workload::negative_replicas;
