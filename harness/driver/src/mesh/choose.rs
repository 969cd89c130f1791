//! From a mesh's name to the mesh.

use dualproof_model::plan::MeshKind;

use super::embedded::Embedded;
use super::istio::Istio;
use super::none::NoMesh;
use super::{Mesh, MeshSettings};

/// Makes the mesh of a kind. One line for each.
#[must_use]
pub fn choose(kind: MeshKind, settings: &MeshSettings) -> Box<dyn Mesh> {
    match kind {
        MeshKind::Istio => Box::new(Istio::new(settings.clone())),
        MeshKind::None => Box::new(NoMesh),
        MeshKind::Embedded => Box::new(Embedded::new(settings.clone())),
    }
}
