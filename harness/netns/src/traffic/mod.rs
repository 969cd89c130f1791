//! What is done to connections: Istio's redirect in a pod, and a node's service proxy. Both are tables of [`crate::filter`].

mod redirect;

mod keys;
mod services;

pub use redirect::{InboundPorts, OutboundPorts, Redirect};
pub use services::{Front, Services, Transport, VirtualService};
