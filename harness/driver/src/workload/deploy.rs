//! Makes the namespaces, applies the manifests, and waits until the pods can be called.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use super::ready::{Expected, wait_ready};
use super::{Deployed, WorkloadError};
use crate::api::{self, Document};
use crate::cluster::Cluster;
use crate::context::RunContext;

/// One manifest for one namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// The namespace to make and to apply into.
    pub namespace: String,
    /// The manifest's name, for errors.
    pub manifest: String,
    /// The manifest: YAML, any number of documents.
    pub text: String,
    /// Whether its pods belong into the mesh.
    pub inject: bool,
}

/// How the mesh takes pods in, and how one that was taken in is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeshMark<'a> {
    /// The label of a namespace whose pods are taken in; `None` when nothing needs one.
    pub label: Option<(&'a str, &'a str)>,
    /// The container that such a pod has; `None` when pods stay as they are.
    pub sidecar: Option<&'a str>,
}

/// Deploys workloads and returns when each Deployment and DaemonSet is wholly available, every pod Ready and, where it
/// should be, in the mesh; then waits a little for a ready endpoint in each family of each Service.
///
/// Without a mesh what configures one is left out of the manifests. All manifests are read before anything is made. Namespaces go on beside each other, within `timeouts.workload_ready`.
///
/// # Errors
/// A manifest that is none; a namespace that is there and not this run's ([`api::ApiError::NotOurs`]); a Service that the
/// cluster refuses ([`WorkloadError::NotDual`]); pods that are not ready in time, with the reasons; pods that were not
/// injected. A Service without endpoints is no error: see [`Deployed::unsettled`].
pub async fn deploy(
    context: &RunContext,
    cluster: &Cluster,
    workloads: &[Workload],
    mark: MeshMark<'_>,
) -> Result<Deployed, WorkloadError> {
    let mut spaces = by_namespace(workloads)?;
    if mark.sidecar.is_none() {
        spaces.values_mut().for_each(|space| space.documents.retain(|document| !is_of_mesh(document)));
    }
    try_join_all(spaces.iter().map(|(namespace, space)| make(context, cluster, namespace, space, mark))).await?;
    let expected = try_join_all(spaces.iter().map(async |(namespace, space)| {
        let nothing = BTreeMap::new();
        let applied =
            api::apply(context, &cluster.client, &space.documents, Some(namespace.as_str()), &nothing).await?;
        let sidecar = mark.sidecar.filter(|_| space.inject).map(str::to_owned);
        Ok::<Expected, WorkloadError>(Expected::of(namespace, &applied, sidecar))
    }))
    .await?;
    wait_ready(context, cluster, &expected).await
}

/// Tells whether only a mesh knows what a document is, so that a cluster without one refuses it: what istio.io's groups define.
fn is_of_mesh(document: &Document) -> bool {
    let version = document.object.get("apiVersion").and_then(serde_json::Value::as_str);
    version.and_then(|version| version.split_once('/')).is_some_and(|(group, _)| group.ends_with(".istio.io"))
}

#[derive(Debug)]
struct Space {
    inject: bool,
    documents: Vec<Document>,
}

fn by_namespace(workloads: &[Workload]) -> Result<BTreeMap<String, Space>, WorkloadError> {
    let mut spaces: BTreeMap<String, Space> = BTreeMap::new();
    for workload in workloads {
        let documents = api::documents(&workload.manifest, &workload.text)?;
        let space = spaces
            .entry(workload.namespace.clone())
            .or_insert_with(|| Space { inject: workload.inject, documents: Vec::new() });
        if space.inject != workload.inject {
            return Err(WorkloadError::Ambiguous(workload.namespace.clone()));
        }
        space.documents.extend(documents);
    }
    Ok(spaces)
}

async fn make(
    context: &RunContext,
    cluster: &Cluster,
    namespace: &str,
    space: &Space,
    mark: MeshMark<'_>,
) -> Result<(), WorkloadError> {
    let label = mark.label.filter(|_| space.inject);
    let labels: BTreeMap<String, String> =
        label.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    api::create_namespace(context, &cluster.client, namespace, &labels).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_configures_a_mesh_is_told_from_what_every_cluster_knows() -> Result<(), api::ApiError> {
        let of = |version: &str| {
            let text = format!("apiVersion: {version}\nkind: X\nmetadata: {{name: x}}\n");
            Ok::<_, api::ApiError>(api::documents("m.yaml", &text)?.iter().all(is_of_mesh))
        };
        assert!(of("security.istio.io/v1")? && of("networking.istio.io/v1beta1")?);
        assert!(!of("v1")? && !of("apps/v1")? && !of("istio.io.example/v1")?);
        Ok(())
    }
}
