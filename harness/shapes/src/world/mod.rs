//! What the control plane knows: Services, EndpointSlices, pods, PeerAuthentications and Sidecar resources, as plain values.

mod backend;
mod error;
mod pod;
mod policy;
mod read;
mod scope;
mod service;
mod slice;

pub use backend::Backend;
pub use error::WorldError;
pub use pod::Pod;
pub use policy::{MtlsMode, MtlsRules, PeerAuthentication};
pub use read::{Objects, World, items};
pub use scope::{EgressHost, OutboundMode, Scope};
pub use service::{Protocol, Service, ServicePort, TargetPort};
pub use slice::{EndpointSlice, SliceEndpoint};
