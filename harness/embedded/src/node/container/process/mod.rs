//! Programs, and what they write.

mod group;

mod log;
mod output;

pub(in crate::node) use group::{Group, Order, is_own_proc, spawn};
pub use log::Log;
pub(super) use output::Output;
