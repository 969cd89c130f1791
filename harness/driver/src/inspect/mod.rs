//! What the kernel holds in the pods' network namespaces: redirect rules, addresses, routes, sockets.
//!
//! The way in leads through the node, which kind makes as a container of this machine: one `docker exec` reads all pods of a node. On any other
//! cluster there is no way in; then the bundle says so, and what the mesh's own log tells of the rules has to do.

mod collect;
mod stream;

pub use collect::collect;
