//! Applies the objects, and waits until the next pod gets a sidecar.

use std::collections::BTreeMap;
use std::time::Duration;

use dualproof_model::plan::Timeouts;
use dualproof_model::spec::MeshVersion;
use k8s_openapi::api::core::v1::Pod;
use kube::api::Api;
use kube::runtime::watcher;
use tokio::time::Instant;

use super::objects::own_version;
use crate::api;
use crate::cluster::Cluster;
use crate::context::RunContext;
use crate::diagnostics::{explain, is_ready, reasons};
use crate::mesh::istio::{SYSTEM, foreign, injecting, is_ours};
use crate::mesh::{Installed, MeshError, Prepared};
use crate::wait::{Progress, WaitError, watch_until};

/// Installs the mesh, or takes the one that is there.
pub(super) async fn install(
    context: &RunContext,
    cluster: &Cluster,
    prepared: &Prepared,
    version: &MeshVersion,
) -> Result<Installed, MeshError> {
    let budget = Timeouts::of(context.timeouts.mesh_install);
    let end = Instant::now() + budget;
    let found = if cluster.created { None } else { foreign(context, cluster).await? };
    let installed = match found {
        Some(found) if found.version == own_version(version) => Installed::Found,
        Some(found) => {
            let found = format!("{} {} in {}", found.name, found.version, found.namespace);
            return Err(MeshError::OtherVersion { found, wanted: version.clone() });
        }
        None => {
            apply(context, cluster, prepared).await?;
            Installed::Made
        }
    };
    ready(context, cluster, budget).await?;
    injecting(context, cluster, end).await.map(|()| installed)
}

/// Removes the mesh if this run made it, and lists what remains.
pub(super) async fn remove(context: &RunContext, cluster: &Cluster) -> Result<Vec<String>, MeshError> {
    if !is_ours(context, cluster, SYSTEM).await? {
        return Ok(Vec::new());
    }
    api::delete_namespace(context, &cluster.client, SYSTEM).await?;
    Ok(vec!["the kinds of istio.io, which the cluster does not forget".to_owned()])
}

async fn apply(context: &RunContext, cluster: &Cluster, prepared: &Prepared) -> Result<(), MeshError> {
    api::create_namespace(context, &cluster.client, SYSTEM, &BTreeMap::new()).await?;
    for input in &prepared.inputs {
        let documents = api::documents(&input.name, &String::from_utf8_lossy(&input.bytes))?;
        api::apply(context, &cluster.client, &documents, Some(SYSTEM), &BTreeMap::new()).await?;
    }
    Ok(())
}

/// Waits for a Ready pod of the control plane.
async fn ready(context: &RunContext, cluster: &Cluster, budget: Duration) -> Result<(), MeshError> {
    let pods: Api<Pod> = Api::namespaced(cluster.client.clone(), SYSTEM);
    let config = watcher::Config::default().labels("app=istiod");
    let waited = watch_until(context, pods, config, "istiod is ready", budget, |pods| {
        if pods.values().any(is_ready) {
            return Progress::Done(());
        }
        let each: Vec<String> = pods.values().filter_map(explain).map(|trouble| trouble.to_string()).collect();
        Progress::NotYet(if each.is_empty() {
            format!("{} pods of istiod, none Ready", pods.len())
        } else {
            each.join("; ")
        })
    });
    match waited.await {
        Ok(()) => Ok(()),
        Err(source @ WaitError::Deadline { .. }) => {
            let why = reasons(context, cluster, &[SYSTEM]).await;
            Err(MeshError::NotReady { source, why })
        }
        Err(source) => Err(MeshError::NotReady { source, why: Vec::new() }),
    }
}
