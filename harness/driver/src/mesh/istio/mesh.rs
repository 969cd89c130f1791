//! Istio as a mesh: settings in, the steps of the other files out.

use std::collections::BTreeMap;
use std::path::Path;

use async_trait::async_trait;
use dualproof_dump::bundle::Writer;
use dualproof_model::evidence::PodRef;
use dualproof_model::plan::{MeshKind, Timeouts};
use dualproof_model::spec::MeshVersion;

use super::control_plane::SYSTEM;
use super::images::images_in;
use super::tool::find;
use super::{collect, control_plane, converge, install, remove, render_operator};
use crate::cluster::Cluster;
use crate::context::RunContext;
use crate::mesh::{Counters, Input, Installed, Mesh, MeshError, MeshSettings, MeshVersions, Prepared};
use crate::tool::{self, Invocation};

/// The file that the harness renders.
const OPERATOR: &str = "istio-operator.yaml";

/// Istio with sidecars.
pub(in crate::mesh) struct Istio {
    settings: MeshSettings,
}

impl Istio {
    /// Makes the mesh of these settings.
    pub(in crate::mesh) fn new(settings: MeshSettings) -> Self {
        Self { settings }
    }
}

#[async_trait]
impl Mesh for Istio {
    fn kind(&self) -> MeshKind {
        MeshKind::Istio
    }

    fn check(&self) -> Result<(), MeshError> {
        for set in &self.settings.sets {
            if set.split_once('=').is_none_or(|(key, _)| key.trim().is_empty()) {
                return Err(MeshError::Setting(set.clone()));
            }
        }
        self.settings.overlays.iter().try_for_each(|path| overlay(path).map(drop))
    }

    async fn version_at_hand(&self, context: &RunContext) -> Option<MeshVersion> {
        let settings = MeshSettings { version: None, ..self.settings.clone() };
        find(context, &settings, std::env::var_os("PATH")).await.ok().map(|istioctl| istioctl.version)
    }

    async fn prepare(&self, context: &RunContext) -> Result<Prepared, MeshError> {
        self.check()?;
        let istioctl = find(context, &self.settings, std::env::var_os("PATH")).await?;
        let path = context.folder.join(OPERATOR);
        let bytes = render_operator(&istioctl.version).into_bytes();
        std::fs::write(&path, &bytes).map_err(|source| MeshError::Write { path: path.clone(), source })?;
        let mut inputs = vec![Input { name: format!("mesh/{OPERATOR}"), path, bytes }];
        for (position, path) in self.settings.overlays.iter().enumerate() {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            let name = format!("mesh/overlay-{}-{}", position + 1, file.trim_start_matches('.'));
            inputs.push(Input { name, path: path.clone(), bytes: overlay(path)? });
        }
        let mut prepared = Prepared {
            tools: BTreeMap::from([("istioctl".to_owned(), istioctl.version.to_string())]),
            version: Some(istioctl.version),
            tool: Some(istioctl.path.clone()),
            images: Vec::new(),
            inputs,
        };
        // The same input as the install's, so that a mistake in it costs half a second and not a cluster.
        let generate = Invocation::new(istioctl.path, Timeouts::of(context.timeouts.tool))
            .args(["manifest", "generate"])
            .args(install::input_arguments(&prepared, &self.settings.sets));
        let generated = tool::run(&generate, &context.cancel).await.map_err(MeshError::Refused)?;
        prepared.images = images_in(&generated.text());
        Ok(prepared)
    }

    async fn install(
        &self,
        context: &RunContext,
        cluster: &Cluster,
        prepared: &Prepared,
    ) -> Result<Installed, MeshError> {
        install::install(context, cluster, prepared, &self.settings).await
    }

    fn injection_label(&self) -> Option<(&'static str, &'static str)> {
        Some(("istio-injection", "enabled"))
    }

    fn sidecar(&self) -> Option<&'static str> {
        Some("istio-proxy")
    }

    fn namespaces(&self) -> &'static [&'static str] {
        &[SYSTEM]
    }

    async fn converge(&self, context: &RunContext, cluster: &Cluster, pods: &[PodRef]) -> Result<(), MeshError> {
        converge::converge(context, cluster, pods).await
    }

    async fn collect(&self, context: &RunContext, cluster: &Cluster, pods: &[PodRef], writer: &Writer) {
        collect::collect(context, cluster, pods, writer).await;
    }

    async fn counters(&self, context: &RunContext, cluster: &Cluster, pods: &[PodRef]) -> Counters {
        collect::counters(context, cluster, pods).await
    }

    async fn collect_log(&self, context: &RunContext, cluster: &Cluster, writer: &Writer) {
        collect::collect_log(context, cluster, writer).await;
    }

    async fn versions(&self, context: &RunContext, cluster: &Cluster) -> Result<MeshVersions, MeshError> {
        control_plane::versions(context, cluster).await
    }

    async fn uninstall(
        &self,
        context: &RunContext,
        cluster: &Cluster,
        prepared: &Prepared,
    ) -> Result<Vec<String>, MeshError> {
        remove::remove(context, cluster, prepared).await
    }
}

fn overlay(path: &Path) -> Result<Vec<u8>, MeshError> {
    std::fs::read(path).map_err(|source| MeshError::Overlay { path: path.to_owned(), source })
}
