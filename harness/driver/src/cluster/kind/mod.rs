//! kind: Kubernetes in Docker.
//!
//! The configuration is rendered and kept as `kind.yaml`, the kubeconfig goes to a private file (the user's own is never
//! touched), readiness is watched, not waited for by kind (whose `--wait` runs out with exit code 0).

mod cure;
mod provider;
mod refuse;
mod settings;
mod thaw;
mod tools;
mod tuning;

pub use provider::Kind;
pub use settings::{KindSettings, kind_config};
pub use tools::KindTools;
