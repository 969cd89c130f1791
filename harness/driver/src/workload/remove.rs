//! Removes what the run made.

use futures_util::future::join_all;
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use kube::api::ObjectList;

use super::WorkloadError;
use crate::api;
use crate::cluster::Cluster;
use crate::context::{RUN_LABEL, RunContext};
use crate::trouble::chain;

/// Deletes every namespace that carries this run's label, waits until they are gone, and lists those that remain and why.
///
/// `but` names namespaces that are removed in another way, such as the mesh's own.
///
/// # Errors
/// When the namespaces cannot even be listed. One that stays is no error: it is in the list.
pub async fn remove(context: &RunContext, cluster: &Cluster, but: &[&str]) -> Result<Vec<String>, WorkloadError> {
    let path = format!("/api/v1/namespaces?labelSelector={RUN_LABEL}%3D{}", context.run);
    let bytes = api::list_json(context, &cluster.client, &path).await?;
    let list: ObjectList<Namespace> = serde_json::from_slice(&bytes).map_err(|source| WorkloadError::Foreign {
        kind: "namespaces",
        namespace: "the cluster".to_owned(),
        source,
    })?;
    let names: Vec<String> =
        list.items.iter().map(ResourceExt::name_any).filter(|name| !but.contains(&name.as_str())).collect();
    let endings = join_all(names.iter().map(|name| api::delete_namespace(context, &cluster.client, name))).await;
    let remains = names.iter().zip(endings).filter_map(|(name, ending)| match ending {
        Ok(()) => None,
        Err(error) => Some(format!("namespace {name}: {}", chain(&error))),
    });
    Ok(remains.collect())
}
