//! Writing objects: what Kubernetes does at that moment.

mod commit;
mod create;
mod modify;
mod options;
mod remove;
mod unique;

pub use options::{Part, Propagation, Removal, WriteOptions};
