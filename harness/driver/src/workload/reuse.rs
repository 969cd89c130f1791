//! Uses workloads that are there already.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use k8s_openapi::api::core::v1::Pod;

use super::deployed::assemble;
use super::ready::{list, running};
use super::{Deployed, WorkloadError};
use crate::cluster::Cluster;
use crate::context::RunContext;
use crate::diagnostics::reasons;

/// Finds the Ready pods of namespaces that somebody else deployed, without changing or waiting for anything.
///
/// `sidecar` is the container by which a pod in the mesh is known; `None` without a mesh. Whether a pod should be in the
/// mesh is not asked here: what is there is the evidence.
///
/// # Errors
/// [`WorkloadError::NothingThere`] for a namespace without a Ready pod, which a namespace that does not exist is, too.
pub async fn reuse(
    context: &RunContext,
    cluster: &Cluster,
    namespaces: &BTreeSet<String>,
    sidecar: Option<&str>,
) -> Result<Deployed, WorkloadError> {
    let found = try_join_all(namespaces.iter().map(async |namespace| {
        let pods: Vec<Pod> = list(context, &cluster.client, namespace, "pods").await?;
        let running = running(&pods, sidecar);
        if running.is_empty() {
            let why = reasons(context, cluster, &[namespace]).await;
            return Err(WorkloadError::NothingThere { namespace: namespace.clone(), why });
        }
        Ok(running)
    }))
    .await?;
    Ok(assemble(found.into_iter().flatten().collect(), Vec::new(), namespaces.clone()))
}
