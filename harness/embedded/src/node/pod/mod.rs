//! One pod: from its network to its status.

mod event;
mod files;
mod sweep;

mod state;
mod status;

mod news;

mod life;

pub(in crate::node) use life::Pod;
pub(in crate::node) use news::News;
