//! One Kubernetes API server: everything that dualproof asks of it.
//!
//! Every request has a deadline (`timeouts.request`, or the caller's) and ends with the run. The client repeats
//! requests that the server turned away with 429, 503 or 504 inside that deadline; server-side apply and reads may
//! be repeated without harm.

mod apply;
mod client;
mod document;
mod error;
mod exec;
mod local;
mod namespace;
mod read;

pub use apply::{Applied, admit, apply};
pub use client::client;
pub(crate) use client::request;
pub use document::{Document, documents};
pub use error::{ApiError, KubeFailure};
pub use exec::{ExecOutput, Transcript, exec, transcript};
pub use local::get_local;
pub use namespace::{create_namespace, delete_namespace};
pub use read::{list, list_json, logs, logs_since, server_version};
