//! What a container's spec says: its environment, its words.

mod environment;

mod command;

pub(in crate::node) use command::find;
pub(super) use command::words;
pub(super) use environment::environment;
