//! Takes Istio out of a cluster that stays: what this run installed, and nothing else.

use std::collections::BTreeSet;

use dualproof_model::plan::Timeouts;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, ListParams};
use kube::core::PartialObjectMeta;
use kube::{Api, ResourceExt};

use super::control_plane::SYSTEM;
use super::install::{CRDS_LABEL, is_ours, label, on_cluster};
use crate::api;
use crate::cluster::Cluster;
use crate::context::RunContext;
use crate::mesh::{MeshError, Prepared};
use crate::tool;

/// The label of the ConfigMaps that istiod copies into every namespace and leaves there
/// (istio/istio:security/pkg/k8s/configutil.go, pilot/pkg/serviceregistry/kube/controller/namespacecontroller.go).
const COPIED: &str = "istio.io/config=true";

/// Removes the mesh if `istio-system` carries the run's label, and lists what remains.
///
/// Istio's CRDs go too, unless they were there before. istiod's copies of its root certificate in other namespaces carry no
/// label of ours, so they are listed and not touched, except in a cluster that this run made.
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
    let copied = ListParams::default().labels(COPIED);
    let copies = certificates(context, cluster, &copied).await?;
    if cluster.created {
        let spaces: BTreeSet<String> = copies.iter().filter_map(ResourceExt::namespace).collect();
        for namespace in spaces {
            let all: Api<ConfigMap> = Api::namespaced(cluster.client.clone(), &namespace);
            let (what, how) = (format!("remove what istiod copied into {namespace}"), DeleteParams::default());
            api::request(context, &what, all.delete_collection(&how, &copied)).await?;
        }
        return Ok(remains);
    }
    let place = |copy: &PartialObjectMeta<ConfigMap>| {
        format!("ConfigMap {}/{}", copy.namespace().as_deref().unwrap_or("?"), copy.name_any())
    };
    remains.extend(copies.iter().map(place));
    Ok(remains)
}

async fn certificates(
    context: &RunContext,
    cluster: &Cluster,
    copied: &ListParams,
) -> Result<Vec<PartialObjectMeta<ConfigMap>>, api::ApiError> {
    let everywhere: Api<ConfigMap> = Api::all(cluster.client.clone());
    let listed = everywhere.list_metadata(copied);
    api::request(context, "list what istiod copied into every namespace", listed).await.map(|list| list.items)
}
