//! Runs istioctl install, and makes sure that the next pod is injected.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use dualproof_model::plan::Timeouts;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::ObjectList;
use serde_json::json;
use tokio::time::Instant;

use super::control_plane::SYSTEM;
use crate::api::{self, ApiError};
use crate::cluster::Cluster;
use crate::context::{RUN_LABEL, RunContext};
use crate::diagnostics::{container_names, reasons};
use crate::mesh::{Installed, MeshError, MeshSettings, Prepared};
use crate::tool::{self, Invocation, ToolError};
use crate::trouble::chain;
use crate::wait::{Progress, WaitError, until};

/// On our `istio-system`: whether Istio's CRDs were `found` or `made`. Those that were found are never removed, because
/// somebody's objects may live in them.
pub(super) const CRDS_LABEL: &str = "dualproof.dev/istio-crds";

/// How much earlier istioctl gives up than we do, so that its own words are heard.
const LAST_WORDS: u64 = 15;

/// The least that the injector gets after the install has used up the budget.
const INJECTOR: Duration = Duration::from_secs(10);

/// Installs Istio, or takes the one that is there.
///
/// The true precondition of the first workload is not a Deployment's condition but that a pod is injected; so a pod is
/// sent through the webhooks without being made (`dryRun=All`; the webhook declares no side effects). It holds only once istiod
/// serves, the Service routes to it, and the webhook's caBundle is patched.
pub(super) async fn install(
    context: &RunContext,
    cluster: &Cluster,
    prepared: &Prepared,
    settings: &MeshSettings,
) -> Result<Installed, MeshError> {
    let budget = Timeouts::of(context.timeouts.mesh_install);
    let end = Instant::now() + budget;
    let found = if cluster.created { None } else { foreign(context, cluster).await? };
    let installed = match found {
        Some(found) => {
            if let Some(wanted) = settings.version.as_ref().filter(|wanted| wanted.as_str() != found.version) {
                let Found { namespace, name, version } = found;
                return Err(MeshError::OtherVersion {
                    found: format!("{name} {version} in {namespace}"),
                    wanted: wanted.clone(),
                });
            }
            Installed::Found
        }
        None => {
            run_istioctl(context, cluster, prepared, settings).await?;
            Installed::Made
        }
    };
    injecting(context, cluster, end).await.map(|()| installed)
}

/// Waits until `end`, and a moment at the least, for the injector to inject the next pod.
pub(in crate::mesh) async fn injecting(context: &RunContext, cluster: &Cluster, end: Instant) -> Result<(), MeshError> {
    let budget = Timeouts::of(context.timeouts.mesh_install);
    let left = end.saturating_duration_since(Instant::now()).max(INJECTOR.min(budget));
    match until(context, "the injector injects a pod", left, async || injects(context, cluster).await).await {
        Ok(()) => Ok(()),
        Err(source @ WaitError::Deadline { .. }) => {
            let why = reasons(context, cluster, &[SYSTEM]).await;
            Err(MeshError::NoInjection { source, why })
        }
        Err(source) => Err(MeshError::NoInjection { source, why: Vec::new() }),
    }
}

/// Spells the install input as istioctl wants it: ours first, overlays after it, settings last.
pub(super) fn input_arguments(prepared: &Prepared, sets: &[String]) -> Vec<OsString> {
    let files = prepared.inputs.iter().flat_map(|input| [OsString::from("-f"), input.path.clone().into_os_string()]);
    let sets = sets.iter().flat_map(|set| [OsString::from("--set"), OsString::from(set)]);
    files.chain(sets).collect()
}

/// Begins a call of istioctl on one cluster. istioctl hangs without a word where the API server does not answer, so the
/// deadline is not optional.
pub(super) fn on_cluster(cluster: &Cluster, prepared: &Prepared, limit: Duration) -> Invocation {
    let program = prepared.tool.clone().map_or_else(|| OsString::from("istioctl"), Into::into);
    let call = Invocation::new(program, limit).arg("--kubeconfig").arg(cluster.kubeconfig.clone());
    match &cluster.context {
        Some(name) => call.arg("--context").arg(name),
        None => call,
    }
}

async fn run_istioctl(
    context: &RunContext,
    cluster: &Cluster,
    prepared: &Prepared,
    settings: &MeshSettings,
) -> Result<(), MeshError> {
    let crds = match api::list_json(context, &cluster.client, "/apis/networking.istio.io").await {
        Ok(_) => "found",
        Err(ApiError::Request { source, .. }) if source.is_not_found() => "made",
        Err(error) => return Err(error.into()),
    };
    // Made before istioctl would, so that it carries the run's label: that is what permits removing the mesh again.
    let labels = BTreeMap::from([(CRDS_LABEL.to_owned(), crds.to_owned())]);
    api::create_namespace(context, &cluster.client, SYSTEM, &labels).await?;
    let seconds = context.timeouts.mesh_install;
    let patience = seconds.saturating_sub(LAST_WORDS).max(1);
    let call = on_cluster(cluster, prepared, Timeouts::of(seconds))
        .args(["install", "-y", "--readiness-timeout", &format!("{patience}s")])
        .args(input_arguments(prepared, &settings.sets));
    match tool::run(&call, &context.cancel).await {
        Ok(_) => Ok(()),
        Err(source @ ToolError::Cancelled { .. }) => Err(MeshError::Install { source, why: Vec::new() }),
        Err(source) => {
            let why = reasons(context, cluster, &[SYSTEM]).await;
            Err(MeshError::Install { source: without_picture(source), why })
        }
    }
}

/// Leaves of istioctl's words what it failed at: before them it draws a ship and lists its steps, and after `Error:` it says
/// the same again.
fn without_picture(error: ToolError) -> ToolError {
    match error {
        ToolError::Failed { command, status, tail } => {
            let tail = tail.rfind("Error: ").map_or(tail.as_str(), |at| &tail[at..]).to_owned();
            ToolError::Failed { command, status, tail }
        }
        other => other,
    }
}

/// An istiod that is there already.
pub(in crate::mesh) struct Found {
    pub(in crate::mesh) namespace: String,
    pub(in crate::mesh) name: String,
    /// The tag of its image.
    pub(in crate::mesh) version: String,
}

/// Finds an istiod that this run did not install, wherever it is; in `istio-system` alone where the user may not look further.
pub(in crate::mesh) async fn foreign(context: &RunContext, cluster: &Cluster) -> Result<Option<Found>, MeshError> {
    let everywhere = "/apis/apps/v1/deployments?labelSelector=app%3Distiod".to_owned();
    let at_home = format!("/apis/apps/v1/namespaces/{SYSTEM}/deployments?labelSelector=app%3Distiod");
    let bytes = match api::list_json(context, &cluster.client, &everywhere).await {
        Err(ApiError::Request { source, .. }) if source.is_forbidden() => {
            api::list_json(context, &cluster.client, &at_home).await?
        }
        other => other?,
    };
    let list: ObjectList<Deployment> = serde_json::from_slice(&bytes)
        .map_err(|error| MeshError::Unreadable(format!("the list of Deployments is none: {error}")))?;
    for deployment in list.items {
        let namespace = deployment.metadata.namespace.clone().unwrap_or_default();
        if !is_ours(context, cluster, &namespace).await? {
            let version = version_of(&deployment);
            return Ok(Some(Found { namespace, name: deployment.metadata.name.unwrap_or_default(), version }));
        }
    }
    Ok(None)
}

/// Tells whether a namespace carries this run's label.
pub(in crate::mesh) async fn is_ours(
    context: &RunContext,
    cluster: &Cluster,
    namespace: &str,
) -> Result<bool, MeshError> {
    Ok(label(context, cluster, namespace, RUN_LABEL).await?.as_deref() == Some(context.run.as_str()))
}

/// Reads a label of a namespace; `None` when either is not there.
pub(super) async fn label(
    context: &RunContext,
    cluster: &Cluster,
    namespace: &str,
    key: &str,
) -> Result<Option<String>, MeshError> {
    let path = format!("/api/v1/namespaces/{namespace}");
    let bytes = match api::list_json(context, &cluster.client, &path).await {
        Ok(bytes) => bytes,
        Err(ApiError::Request { source, .. }) if source.is_not_found() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let namespace: Namespace = serde_json::from_slice(&bytes)
        .map_err(|error| MeshError::Unreadable(format!("namespace {namespace} is none: {error}")))?;
    Ok(namespace.metadata.labels.and_then(|labels| labels.get(key).cloned()))
}

/// Reads istiod's version from its image's tag, which release images and their mirrors have.
fn version_of(deployment: &Deployment) -> String {
    let containers = deployment.spec.template.spec.as_ref().map(|spec| &spec.containers);
    let image = containers.and_then(|containers| containers.first()?.image.as_deref()).unwrap_or_default();
    let name = image.split('@').next().unwrap_or_default();
    let last = name.rsplit('/').next().unwrap_or_default();
    let tag = last.split_once(':').map_or("", |(_, tag)| tag);
    ["-distroless", "-debug"].iter().find_map(|variant| tag.strip_suffix(variant)).unwrap_or(tag).to_owned()
}

/// Sends a pod through the webhooks of `istio-system`, which no namespace label keeps out, without making it.
async fn injects(context: &RunContext, cluster: &Cluster) -> Progress<()> {
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": "dualproof-injector-probe", "labels": { "sidecar.istio.io/inject": "true" } },
        "spec": { "containers": [{ "name": "probe", "image": "dualproof.dev/never-run" }] },
    });
    let pod: Pod = match serde_json::from_value(pod) {
        Ok(pod) => pod,
        Err(error) => return Progress::NotYet(error.to_string()),
    };
    match api::admit(context, &cluster.client, SYSTEM, &pod).await {
        Ok(made) if container_names(&made).any(|name| name == "istio-proxy") => Progress::Done(()),
        Ok(_) => Progress::NotYet("a pod was let through without a sidecar".to_owned()),
        // A user who may not make pods here cannot ask; the workloads' own pods will show it.
        Err(ApiError::Request { source, .. }) if source.is_forbidden() => Progress::Done(()),
        // The API server's own words; what was tried is the condition's name.
        Err(ApiError::Request { source, .. }) => Progress::NotYet(source.to_string()),
        Err(error) => Progress::NotYet(chain(&error)),
    }
}
