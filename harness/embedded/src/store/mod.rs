//! The objects of the cluster, with their versions.
//!
//! One lock, one counter of versions, JSON values that are replaced and never changed. Everything that Kubernetes does at the moment
//! of writing (metadata, admission, finalizers, graceful deletion) is done here; what it does afterwards is the controllers'.

mod admission;
mod history;
mod kind;
pub mod object;
mod refusal;
mod selector;
mod table;
mod watch;
mod write;

pub use admission::Admission;
pub use history::{Change, What};
pub use kind::{Decoded, Kind, Unknown, builtin, decode, istio, resource};
pub use object::Key;
pub use refusal::{Cause, FieldConflict, Refusal};
pub use selector::Selector;
pub use table::{Listing, Since, State, Store};
pub use watch::{Event, Watch};
pub use write::{Part, Propagation, Removal, WriteOptions};
