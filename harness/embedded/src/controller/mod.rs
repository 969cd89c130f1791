//! What Kubernetes' own controllers would do.
//!
//! Admission ([`ClusterConfig::store`]) does what must be done while an object is written: defaults, and a Service's families, addresses and
//! node ports. [`Controllers`] does the rest, driven by the store's changes: nothing here polls. Pods are run by a kubelet, which watches the
//! store for pods with its node's name and writes their status.

mod cluster;
mod config;
mod defaults;
mod endpoints;
mod queue;
mod scheduler;
mod service;
mod workload;

pub use config::ClusterConfig;
pub use defaults::Defaults;
pub(crate) use defaults::negative_replicas;
pub use queue::Controllers;
pub use service::ServiceAdmission;
