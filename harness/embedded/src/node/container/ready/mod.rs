//! When a container is ready.

mod awaited;
mod probe;

mod readiness;

pub(super) use awaited::Awaited;
pub(super) use readiness::{Finding, Readiness};
