//! Settings: defaults, then a file, then the environment, then flags.

mod error;
mod partial;
mod resolved;

pub mod env_vars;

pub use error::SettingsError;
pub use partial::Partial;
pub use resolved::{DEFAULT_KUBERNETES, MAXIMUM_NODES, Settings};
