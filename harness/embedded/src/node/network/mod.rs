//! The network of the nodes: fabric, nodes, pods; the service proxy; DNS.

mod plan;

mod leases;

mod fabric;

mod sandbox;

mod services;

mod names;

mod follow;

pub(in crate::node) use fabric::Fabric;
pub use fabric::Node;
pub(in crate::node) use follow::Follower;
pub(in crate::node) use names::Names;
pub use sandbox::Sandbox;
