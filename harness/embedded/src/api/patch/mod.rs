//! Patches, and who owns which field.

mod apply;
mod choose;
mod fields;
mod json;
mod managed;
mod merge;
mod schema;
mod strategic;

pub(super) use apply::apply;
pub(super) use choose::Patch;
pub(super) use managed::{Manager, SCALE, STATUS, own_changed, own_created};
