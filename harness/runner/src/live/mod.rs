//! The live driver: the spine's stages over real tools and a real cluster.

mod agent;
mod calls;
mod driver;
mod foretell;
mod machine;
mod reuse;
mod settings;
mod traps;

pub use driver::Live;
pub use machine::{examine, installed_mesh_version, missing_for_kind};
