//! From the store's objects to the files of every sidecar.

mod fleet;
mod folder;
mod knowledge;
mod member;

pub use fleet::Alteration;

pub(super) use fleet::Fleet;
pub(super) use folder::Sent;
pub(super) use member::Heard;
