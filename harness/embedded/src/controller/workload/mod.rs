//! Deployments, ReplicaSets, DaemonSets: from templates to pods.

mod conditions;
mod daemon_set;
mod deployment;
mod pods;
mod replica_set;
mod rollout;
mod template;

pub(super) use daemon_set::daemon_set;
pub(super) use deployment::deployment;
pub(super) use replica_set::replica_set;
