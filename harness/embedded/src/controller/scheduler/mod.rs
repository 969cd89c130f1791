//! Pods to nodes.

mod fit;
mod places;
mod schedule;

pub(super) use fit::fits;
pub(super) use schedule::Scheduler;
