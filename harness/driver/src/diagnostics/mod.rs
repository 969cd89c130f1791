//! Diagnostics: why pods are not ready, in lines that people can act on.
//!
//! Nothing here fails the run: what cannot be learnt is left out, or noted as missing.

mod collect;
mod explain;
mod gather;

pub use collect::collect;
pub use explain::{PodTrouble, container_names, explain, is_environment, is_ready, pod_ref, warnings};
pub use gather::reasons;
