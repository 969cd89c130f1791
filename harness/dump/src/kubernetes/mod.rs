//! Kubernetes List JSON to evidence.
//!
//! A list may come from the API server (`ServiceList`, items without kind) or from kubectl (`List`, items with kind). Fields that no check
//! needs are skipped; `null` stands for an empty list, as Go prints it. What is read is read strictly: an address that is none is an error
//! with its field. Every function takes the bytes and the path inside the bundle, which becomes the start of each `place`.

mod endpoint_slice;
mod list;
mod node;
mod pod;
mod service;

pub use endpoint_slice::endpoint_slices;
pub use node::{namespaces, nodes};
pub use pod::pods;
pub use service::services;
