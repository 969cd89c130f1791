//! The live driver: the spine's stages over real tools and a real cluster.

mod agent;
mod before;
mod calls;
mod context;
mod driver;
mod hand_on;
mod relay;
mod reuse;
mod state;

pub use before::{examine, installed_mesh_version, missing_for_kind};
pub use relay::{Place, Relay};
pub use state::Live;
