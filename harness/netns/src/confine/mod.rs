//! Becoming the first process of namespaces of our own, and telling beforehand whether the system lets us.

mod enter;
mod identity;
mod keeper;
mod obstacle;
mod probe;
mod reaper;
mod stage;
mod tmpfs;

pub use enter::{Confinement, Standing, UserNamespace, confine};
pub use obstacle::Obstacle;
pub use probe::{Readiness, probe, trial};
pub use stage::STAGE;
pub use tmpfs::Tmpfs;
