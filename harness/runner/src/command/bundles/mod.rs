//! Commands over bundles, without any cluster.

mod across;
mod diff;
mod judge;
mod read;

pub(super) use across::of_folders;
pub(super) use diff::command as diff;
pub(super) use judge::command as judge;
