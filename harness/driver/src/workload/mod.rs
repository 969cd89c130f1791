//! Workloads: the namespaces, servers and clients of a run, from their manifests until they can be called.
//!
//! Namespaces are made with the run's label and removed only with it. Waiting is by watching; when the budget ends, the
//! error says why, pod by pod.

mod deploy;
mod deployed;
mod error;
mod images;
mod readiness;
mod ready;
mod remove;
mod reuse;

pub use deploy::{MeshMark, Workload, deploy};
pub use deployed::{Deployed, RunningPod};
pub use error::WorkloadError;
pub use images::images;
pub(crate) use images::pod_images;
pub use readiness::{daemon_set_lacks, deployment_lacks, endpoints_lacking, pods_lacking, without_sidecar};
pub use remove::remove;
pub use reuse::reuse;
