//! Takes Istio out of a cluster that stays: what this run installed, and nothing else.

use dualproof_model::plan::Timeouts;
use serde_json::Value;

use super::control_plane::SYSTEM;
use super::install::{CRDS_LABEL, is_ours, label, on_cluster};
use crate::api;
use crate::cluster::Cluster;
use crate::context::RunContext;
use crate::mesh::{MeshError, Prepared};
use crate::tool;

/// Removes the mesh if `istio-system` carries the run's label, and lists what remains.
///
/// Istio's CRDs go too, unless they were there before. istiod's copies of its root certificate in other namespaces carry no
/// label of ours, so they are listed and not touched.
pub(super) async fn remove(
    context: &RunContext,
    cluster: &Cluster,
    prepared: &Prepared,
) -> Result<Vec<String>, MeshError> {
    if !is_ours(context, cluster, SYSTEM).await? {
        return Ok(Vec::new());
    }
    let mut remains = Vec::new();
    let call = on_cluster(cluster, prepared, Timeouts::of(context.timeouts.cleanup)).args(["uninstall", "-y"]);
    let call = if label(context, cluster, SYSTEM, CRDS_LABEL).await?.as_deref() == Some("made") {
        call.arg("--purge")
    } else {
        remains.push("Istio's CRDs, which were there before".to_owned());
        prepared.inputs.iter().fold(call, |call, input| call.arg("-f").arg(input.path.clone()))
    };
    tool::run(&call, &context.cancel).await.map_err(MeshError::Remove)?;
    api::delete_namespace(context, &cluster.client, SYSTEM).await?;
    remains.extend(certificates(context, cluster).await?);
    Ok(remains)
}

/// Lists the ConfigMaps that istiod leaves in every namespace
/// (istio/istio:security/pkg/k8s/configutil.go, pilot/pkg/serviceregistry/kube/controller/namespacecontroller.go).
async fn certificates(context: &RunContext, cluster: &Cluster) -> Result<Vec<String>, MeshError> {
    let path = "/api/v1/configmaps?labelSelector=istio.io%2Fconfig%3Dtrue";
    let bytes = api::list_json(context, &cluster.client, path).await?;
    let list: Value = serde_json::from_slice(&bytes)
        .map_err(|error| MeshError::Unreadable(format!("the list of ConfigMaps is none: {error}")))?;
    let text = |item: &Value, pointer: &str| item.pointer(pointer).and_then(Value::as_str).unwrap_or("?").to_owned();
    let items = list.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Ok(items
        .iter()
        .map(|item| format!("ConfigMap {}/{}", text(item, "/metadata/namespace"), text(item, "/metadata/name")))
        .collect())
}
