//! What the outcome of a call depends on besides the cell itself.

use crate::spec::{EndpointShape, Mtls, Shapes};

/// The mesh around the calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct World {
    /// The mesh; `None` without one.
    pub mesh: Option<MeshWorld>,
}

impl World {
    /// A cluster without a mesh: the other half of the differential.
    pub const NO_MESH: Self = Self { mesh: None };

    /// A mesh of these shapes as it is installed: PERMISSIVE, unknown destinations allowed.
    #[must_use]
    pub fn meshed(shapes: &Shapes) -> Self {
        let mesh = MeshWorld { endpoints: shapes.endpoints, mtls: Mtls::Permissive, outbound: Outbound::AllowAny };
        Self { mesh: Some(mesh) }
    }
}

/// A mesh with both switches of dual-stack on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeshWorld {
    /// How a dual pod behind a dual Service appears to Envoy.
    pub endpoints: EndpointShape,
    /// What the servers' namespaces demand.
    pub mtls: Mtls,
    /// What the clients' namespaces allow.
    pub outbound: Outbound,
}

/// `outboundTrafficPolicy.mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outbound {
    /// Unknown destinations are passed through.
    AllowAny,
    /// They are refused.
    RegistryOnly,
}
