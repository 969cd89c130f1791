//! Kubernetes objects into the bundle, as the API server wrote them.

mod objects;

pub use objects::objects;
