//! The cluster itself, before any mesh.

mod cluster_baseline_dual;

pub(super) use cluster_baseline_dual::CLUSTER_BASELINE_DUAL;
