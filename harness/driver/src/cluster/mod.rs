//! Clusters: one that the run makes with kind, or one that is there already.
//!
//! A [`Provider`] makes a [`Cluster`], gives it images and closes it. A new provider is one file or folder here that
//! implements the trait. Nothing is removed that the run did not make.

mod error;
mod existing;
mod images;
mod inventory;
mod kind;
mod name;
mod nodes;
mod provider;

pub use error::ClusterError;
pub use existing::Existing;
pub use images::{full_name, missing_images};
pub use inventory::{Inventory, as_before};
pub use kind::{Kind, KindSettings, KindTools, kind_config};
pub use name::check_name;
pub use nodes::ready as ready_nodes;
pub use provider::{Cluster, Provider, ToolVersions, WayIn};
