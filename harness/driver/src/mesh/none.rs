//! No mesh: the cluster alone. Everything is there already, nothing is injected, nothing is read.

use async_trait::async_trait;
use dualproof_dump::bundle::Writer;
use dualproof_model::evidence::PodRef;
use dualproof_model::plan::MeshKind;
use dualproof_model::spec::MeshVersion;

use super::{Installed, Mesh, MeshError, MeshVersions, Prepared};
use crate::cluster::Cluster;
use crate::context::RunContext;

/// The baseline against which a mesh is compared.
pub(super) struct NoMesh;

#[async_trait]
impl Mesh for NoMesh {
    fn kind(&self) -> MeshKind {
        MeshKind::None
    }

    fn check(&self) -> Result<(), MeshError> {
        Ok(())
    }

    async fn version_at_hand(&self, _context: &RunContext) -> Option<MeshVersion> {
        None
    }

    async fn prepare(&self, _: &RunContext) -> Result<Prepared, MeshError> {
        Ok(Prepared::default())
    }

    async fn install(&self, _: &RunContext, _: &Cluster, _: &Prepared) -> Result<Installed, MeshError> {
        Ok(Installed::Nothing)
    }

    fn injection_label(&self) -> Option<(&'static str, &'static str)> {
        None
    }

    fn sidecar(&self) -> Option<&'static str> {
        None
    }

    fn namespaces(&self) -> &'static [&'static str] {
        &[]
    }

    async fn converge(&self, _: &RunContext, _: &Cluster, _: &[PodRef]) -> Result<(), MeshError> {
        Ok(())
    }

    async fn collect(&self, _: &RunContext, _: &Cluster, _: &[PodRef], _: &Writer) {}

    async fn versions(&self, _: &RunContext, _: &Cluster) -> Result<MeshVersions, MeshError> {
        Ok(MeshVersions::default())
    }

    async fn uninstall(&self, _: &RunContext, _: &Cluster, _: &Prepared) -> Result<Vec<String>, MeshError> {
        Ok(Vec::new())
    }
}
