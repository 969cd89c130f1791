//! The client outside the cluster: the agent in a container beside the nodes of kind, on the Docker network that they share.
//!
//! `testcontainers` starts and removes it; what the agent is asked goes in by `docker exec`, like into a pod. It carries the run's
//! labels, and [`clear`] removes whatever does, because a start that is broken off may leave one behind
//! (testcontainers/testcontainers-rs#577: there is no reaper).

mod container;
mod error;
mod reach;

pub use container::{Outside, clear};
pub use error::OutsideError;
