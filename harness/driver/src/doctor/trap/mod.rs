//! The traps: each file holds a few, beside the look that finds them.

pub(super) mod context;
pub(super) mod docker;
pub(super) mod embedded;
pub(super) mod fit;
pub(super) mod folder;
pub(super) mod kernel;
pub(super) mod kind;
mod known;

pub use embedded::{Ground, Lack, Need};
pub use known::{Seen, Severity, Trap, traps};
