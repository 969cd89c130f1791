//! What a run left on a cluster that was there before it.

use std::path::Path;

use dualproof_driver::api;
use dualproof_driver::cluster::{Cluster, WayIn};
use dualproof_driver::context::{RUN_LABEL, RunContext};
use dualproof_driver::mesh::{self, Mesh, MeshSettings};
use dualproof_driver::trouble::chain;
use k8s_openapi::api::core::v1::Namespace;

use super::leftover::{Install, Place};

/// Lists the namespaces that carry the run's label.
pub(super) async fn namespaces(context: &RunContext, on: &Place) -> Result<Vec<String>, String> {
    let client = api::client(&on.kubeconfig, on.context.as_deref()).await.map_err(|error| chain(&error))?;
    let all: Vec<Namespace> = api::list(context, &client, None).await.map_err(|error| chain(&error))?;
    let ours = all.into_iter().map(|namespace| namespace.metadata).filter(|metadata| {
        metadata.labels.as_ref().and_then(|labels| labels.get(RUN_LABEL)).is_some_and(|run| *run == context.run)
    });
    Ok(ours.filter_map(|metadata| metadata.name).collect())
}

/// Deletes a namespace that carries the run's label, and waits until it is gone.
pub(super) async fn delete(context: &RunContext, on: &Place, name: &str) -> Result<(), String> {
    let client = api::client(&on.kubeconfig, on.context.as_deref()).await.map_err(|error| chain(&error))?;
    api::delete_namespace(context, &client, name).await.map_err(|error| chain(&error))
}

/// Makes the mesh that was installed, to take it out again.
pub(super) fn mesh_of(install: &Install, cache: &Path) -> Result<Box<dyn Mesh>, String> {
    let version = install.version.as_deref().map(str::parse).transpose();
    let settings = MeshSettings {
        tool: install.tool.clone(),
        version: version.map_err(|error| chain(&error))?,
        cache: cache.to_owned(),
        releases: None,
        sets: Vec::new(),
        overlays: install.overlays.clone(),
    };
    Ok(mesh::choose(install.mesh, &settings))
}

/// Uninstalls a mesh whose namespace carries the run's label. Returns what of it stays in namespaces of others.
pub(super) async fn uninstall(
    context: &RunContext,
    on: &Place,
    install: &Install,
    cache: &Path,
) -> Result<Vec<String>, String> {
    let mesh = mesh_of(install, cache)?;
    let prepared = mesh.prepare(context).await.map_err(|error| chain(&error))?;
    let client = api::client(&on.kubeconfig, on.context.as_deref()).await.map_err(|error| chain(&error))?;
    let cluster = Cluster {
        client,
        name: on.context.clone().unwrap_or_default(),
        kubeconfig: on.kubeconfig.clone(),
        context: on.context.clone(),
        created: false,
        nodes: Vec::new(),
        way_in: WayIn::Docker,
    };
    mesh.uninstall(context, &cluster, &prepared).await.map_err(|error| chain(&error))
}
