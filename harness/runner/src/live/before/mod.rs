//! What is read, asked and written down before anything is made.

mod foretell;
mod machine;
mod settings;
mod traps;

pub use machine::{examine, installed_mesh_version, missing_for_kind};

pub(super) use foretell::Foretold;
pub(super) use settings::{mesh_settings, provider, subject};
pub(super) use traps::{refuse, refuse_mesh};
