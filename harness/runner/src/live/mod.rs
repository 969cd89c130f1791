//! The live driver: the spine's stages over real tools and a real cluster.

mod driver;
mod machine;
mod reuse;
mod settings;

pub use driver::Live;
pub use machine::{installed_mesh_version, missing_for_kind};
