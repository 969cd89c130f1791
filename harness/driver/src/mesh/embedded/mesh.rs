//! The mesh: settings in, the steps of the other files and of Istio's out.

use async_trait::async_trait;
use dualproof_dump::bundle::Writer;
use dualproof_model::evidence::PodRef;
use dualproof_model::plan::MeshKind;
use dualproof_model::spec::MeshVersion;

use super::{install, objects};
use crate::cluster::Cluster;
use crate::context::RunContext;
use crate::mesh::istio;
use crate::mesh::{Counters, Input, Installed, Mesh, MeshError, MeshSettings, MeshVersions, Prepared};

/// The version whose shapes are installed where none is asked for: the newest that recordings of real Istio hold them to.
const NEWEST: &str = "1.31.0";

/// The file that the harness renders.
const FILE: &str = "embedded-mesh.json";

/// Sidecars of an embedded cluster.
pub(in crate::mesh) struct Embedded {
    settings: MeshSettings,
}

impl Embedded {
    /// Makes the mesh of these settings.
    pub(in crate::mesh) fn new(settings: MeshSettings) -> Self {
        Self { settings }
    }

    fn version(&self) -> Result<MeshVersion, MeshError> {
        let newest = || NEWEST.parse().map_err(|_| MeshError::Unreadable(format!("{NEWEST} is no version")));
        self.settings.version.clone().map_or_else(newest, Ok)
    }
}

#[async_trait]
impl Mesh for Embedded {
    fn kind(&self) -> MeshKind {
        MeshKind::Embedded
    }

    fn check(&self) -> Result<(), MeshError> {
        if let Some(overlay) = self.settings.overlays.first() {
            let setting = overlay.display().to_string();
            return Err(MeshError::Unknown { setting, known: "it takes no overlay, only settings" });
        }
        objects::render(&self.version()?, &self.settings.sets).map(drop)
    }

    async fn version_at_hand(&self, _: &RunContext) -> Option<MeshVersion> {
        NEWEST.parse().ok()
    }

    async fn prepare(&self, context: &RunContext) -> Result<Prepared, MeshError> {
        self.check()?;
        let version = self.version()?;
        let path = context.folder.join(FILE);
        let bytes = format!("{:#}\n", objects::render(&version, &self.settings.sets)?).into_bytes();
        std::fs::write(&path, &bytes).map_err(|source| MeshError::Write { path: path.clone(), source })?;
        let inputs = vec![Input { name: format!("mesh/{FILE}"), path, bytes }];
        Ok(Prepared { version: Some(version), inputs, ..Prepared::default() })
    }

    async fn install(
        &self,
        context: &RunContext,
        cluster: &Cluster,
        prepared: &Prepared,
    ) -> Result<Installed, MeshError> {
        install::install(context, cluster, prepared, &self.version()?).await
    }

    fn injection_label(&self) -> Option<(&'static str, &'static str)> {
        Some(("istio-injection", "enabled"))
    }

    fn sidecar(&self) -> Option<&'static str> {
        Some("istio-proxy")
    }

    fn namespaces(&self) -> &'static [&'static str] {
        &[istio::SYSTEM]
    }

    async fn converge(&self, context: &RunContext, cluster: &Cluster, pods: &[PodRef]) -> Result<(), MeshError> {
        istio::converge(context, cluster, pods).await
    }

    async fn collect(&self, context: &RunContext, cluster: &Cluster, pods: &[PodRef], writer: &Writer) {
        istio::collect(context, cluster, pods, writer).await;
    }

    async fn counters(&self, context: &RunContext, cluster: &Cluster, pods: &[PodRef]) -> Counters {
        istio::counters(context, cluster, pods).await
    }

    async fn collect_log(&self, context: &RunContext, cluster: &Cluster, writer: &Writer) {
        istio::collect_log(context, cluster, writer).await;
    }

    async fn versions(&self, context: &RunContext, cluster: &Cluster) -> Result<MeshVersions, MeshError> {
        istio::versions(context, cluster).await
    }

    async fn uninstall(&self, context: &RunContext, cluster: &Cluster, _: &Prepared) -> Result<Vec<String>, MeshError> {
        install::remove(context, cluster).await
    }
}
