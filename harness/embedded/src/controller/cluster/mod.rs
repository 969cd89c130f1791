//! What is about no kind in particular: namespaces, owners, events.

mod begin;
mod events;
mod namespace;
mod owner;

pub(super) use begin::begin;
pub(super) use events::{Report, report};
pub(super) use namespace::namespace;
pub(super) use owner::{dependents, orphans, owner_key, owner_reference, owners};
