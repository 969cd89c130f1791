//! Asks istiod: which pods it has, what it sent to whom, which version it is.

use std::collections::BTreeSet;

use dualproof_dump::istio::syncz;
use dualproof_model::evidence::{PodRef, SyncState};
use dualproof_model::plan::Timeouts;
use k8s_openapi::List;
use k8s_openapi::api::core::v1::Pod;

use crate::api;
use crate::cluster::Cluster;
use crate::context::RunContext;
use crate::diagnostics::{explain, is_ready, pod_ref};
use crate::mesh::{MeshError, MeshVersions};
use crate::trouble::chain;

/// The namespace of the control plane.
pub(in crate::mesh) const SYSTEM: &str = "istio-system";

/// istiod's monitoring port (istio/istio:pilot/cmd/pilot-discovery/app/options.go).
const MONITORING: u16 = 15014;

/// Lists the Ready pods of istiod.
pub(super) async fn istiods(context: &RunContext, cluster: &Cluster) -> Result<Vec<PodRef>, MeshError> {
    let pods = pods(context, cluster).await?;
    let ready: Vec<PodRef> = pods.iter().filter(|pod| is_ready(pod)).map(pod_ref).collect();
    if ready.is_empty() {
        let each: Vec<String> = pods.iter().filter_map(explain).map(|trouble| trouble.to_string()).collect();
        let each = if each.is_empty() { String::new() } else { format!(": {}", each.join("; ")) };
        return Err(MeshError::Unreadable(format!("no pod of istiod in {SYSTEM} is ready{each}")));
    }
    Ok(ready)
}

/// Lists the pods of istiod, Ready or not.
pub(super) async fn pods(context: &RunContext, cluster: &Cluster) -> Result<Vec<Pod>, MeshError> {
    let path = format!("/api/v1/namespaces/{SYSTEM}/pods?labelSelector=app%3Distiod");
    let bytes = api::list_json(context, &cluster.client, &path).await?;
    let pods: List<Pod> = serde_json::from_slice(&bytes)
        .map_err(|error| MeshError::Unreadable(format!("the list of its pods is none: {error}")))?;
    Ok(pods.items)
}

/// Reads `/debug/syncz`. Each istiod knows only the proxies that are connected to it, so the answers of all are joined.
pub(super) async fn read_syncz(context: &RunContext, cluster: &Cluster) -> Result<Vec<u8>, MeshError> {
    let mut answers = Vec::new();
    for istiod in istiods(context, cluster).await? {
        answers.push(debug(context, cluster, &istiod, "/debug/syncz").await?);
    }
    if let [only] = answers.as_mut_slice() {
        return Ok(std::mem::take(only));
    }
    let mut joined: Vec<serde_json::Value> = Vec::new();
    for answer in answers {
        let entries: Vec<serde_json::Value> = serde_json::from_slice(&answer)
            .map_err(|error| MeshError::Unreadable(format!("its sync state is none: {error}")))?;
        joined.extend(entries);
    }
    serde_json::to_vec(&joined).map_err(|error| MeshError::Unreadable(error.to_string()))
}

/// Reads `/debug/syncz` into values.
pub(super) async fn sync_state(context: &RunContext, cluster: &Cluster) -> Result<SyncState, MeshError> {
    let bytes = read_syncz(context, cluster).await?;
    syncz(&bytes, "/debug/syncz").map_err(|error| MeshError::Unreadable(chain(&error)))
}

/// Asks istiod for its version and for those of the proxies that it serves.
pub(in crate::mesh) async fn versions(context: &RunContext, cluster: &Cluster) -> Result<MeshVersions, MeshError> {
    let istiods = istiods(context, cluster).await?;
    let state = sync_state(context, cluster).await?;
    let mut control_planes = BTreeSet::new();
    for istiod in &istiods {
        let limit = Timeouts::of(context.timeouts.request);
        let said = api::get_local(context, &cluster.client, istiod, MONITORING, "/version", limit).await?;
        control_planes.insert(version_in(&String::from_utf8_lossy(&said)));
    }
    let proxies: BTreeSet<String> =
        state.proxies.into_iter().map(|proxy| proxy.version).filter(|version| !version.is_empty()).collect();
    Ok(MeshVersions {
        control_plane: Some(control_planes.into_iter().collect::<Vec<_>>().join(", ")),
        proxies: proxies.into_iter().collect(),
    })
}

/// Takes the version out of `<version>-<git revision>-<build status>`
/// (istio/istio:pkg/version/version.go `BuildInfo.String`): the version itself may hold hyphens, the other two do not.
pub(super) fn version_in(said: &str) -> String {
    let said = said.trim();
    said.rsplitn(3, '-').nth(2).unwrap_or(said).to_owned()
}

/// Gets a page of istiod's debug interface: by port-forward, or where that is refused, by istiod's own client in its container.
async fn debug(context: &RunContext, cluster: &Cluster, istiod: &PodRef, page: &str) -> Result<Vec<u8>, MeshError> {
    let limit = Timeouts::of(context.timeouts.request);
    let forwarded = api::get_local(context, &cluster.client, istiod, MONITORING, page, limit).await;
    let refused = match forwarded {
        Ok(bytes) => return Ok(bytes),
        // Who does not answer in time would not answer another way in the same time again.
        Err(error @ (api::ApiError::Cancelled { .. } | api::ApiError::Deadline { .. })) => return Err(error.into()),
        Err(error) => error,
    };
    let argv: Vec<String> = ["pilot-discovery", "request", "GET", page].map(str::to_owned).to_vec();
    match api::exec(context, &cluster.client, istiod, "discovery", &argv, None, limit).await {
        Ok(output) if output.code == 0 => Ok(output.stdout.into_bytes()),
        Ok(output) => Err(MeshError::Unreadable(format!(
            "{}; `{}` ended with {}: {}",
            chain(&refused),
            argv.join(" "),
            output.code,
            output.stderr.trim()
        ))),
        Err(error) => Err(MeshError::Unreadable(format!("{}; {}", chain(&refused), chain(&error)))),
    }
}

#[cfg(test)]
mod tests {
    use super::version_in;

    #[test]
    fn the_version_is_what_stands_before_revision_and_status() {
        let cases = [
            ("1.31.0-lab-lab-Clean\n", "1.31.0-lab"),
            ("1.26.0-9a1b2c3d-Clean", "1.26.0"),
            ("1.32-alpha.19a2f0c-19a2f0c-Modified", "1.32-alpha.19a2f0c"),
            ("unknown", "unknown"),
        ];
        for (said, version) in cases {
            assert_eq!(version_in(said), version, "{said}");
        }
    }
}
