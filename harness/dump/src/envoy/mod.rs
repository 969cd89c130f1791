//! Envoy's admin API to evidence.
//!
//! One set of borrowed structs (`wire`) reads both spellings: the admin API's own snake_case and the camelCase that
//! `istioctl proxy-config … -o json` prints. Fields that it does not know are skipped, defaults that protobuf leaves out come back, 64-bit
//! numbers may be strings. Strings are borrowed from the input and the document is never held as a tree, so memory beside the
//! input is bounded by the addresses and names in it.

mod address;
mod admin;
mod config_dump;
mod istioctl;
mod redact;
mod sections;
mod stats;
mod wire;

pub use admin::{clusters, listeners, server_info};
pub use config_dump::{ConfigDump, config_dump};
pub use istioctl::{istioctl_clusters, istioctl_eds, istioctl_endpoints, istioctl_listeners};
pub use redact::redact;
pub use stats::stats;
