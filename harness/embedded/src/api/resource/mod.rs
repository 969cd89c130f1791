//! Objects over HTTP: reading, watching, writing, removing.

mod handle;
mod present;
mod read;
mod remove;
mod scale;
mod strict;
mod watch;
mod write;

pub(super) use handle::handle;
pub(super) use present::metadata;
pub(super) use scale::{SCALE_GROUP, is_scaled};
