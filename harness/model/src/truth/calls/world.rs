//! What the outcome of a call depends on besides the cell itself.

use crate::matrix::CallCell;
use crate::spec::{EndpointShape, Matrix, Mtls, Outbound, Shapes};

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

    /// The same around one call of a matrix: with what its server's namespace demands and its client's allows.
    #[must_use]
    pub fn around(self, cell: &CallCell, matrix: &Matrix) -> Self {
        let mtls = matrix.mtls(&cell.service.namespace, &cell.service.name);
        let outbound = matrix.outbound(&cell.client.name);
        Self { mesh: self.mesh.map(|mesh| MeshWorld { mtls, outbound, ..mesh }) }
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
