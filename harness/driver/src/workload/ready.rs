//! Watches one namespace after its manifests were applied.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::time::Duration;

use dualproof_model::evidence::PodRef;
use dualproof_model::plan::Timeouts;
use futures_util::future::try_join_all;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment};
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{Api, ObjectList};
use kube::runtime::watcher;
use kube::{Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::deployed::assemble;
use super::{
    Deployed, RunningPod, WorkloadError, daemon_set_lacks, deployment_lacks, endpoints_lacking, pods_lacking,
    without_sidecar,
};
use crate::api::{self, Applied};
use crate::cluster::Cluster;
use crate::context::RunContext;
use crate::diagnostics::{container_names, is_ready, pod_ref, reasons};
use crate::trouble::chain;
use crate::wait::{Progress, WaitError, until, watch_until};

/// How long endpoints may lag behind Ready pods (the controller batches for 0.5 s and more). What is not there then is evidence.
const ENDPOINTS: Duration = Duration::from_secs(10);

/// What a namespace must come to have.
pub(super) struct Expected {
    namespace: String,
    deployments: BTreeSet<String>,
    daemon_sets: BTreeSet<String>,
    sidecar: Option<String>,
}

impl Expected {
    /// Takes from what was applied what can be waited for.
    pub(super) fn of(namespace: &str, applied: &[Applied], sidecar: Option<String>) -> Self {
        let of_kind = |kind: &str| {
            let matching = applied.iter().filter(|object| object.kind == kind && object.namespace == namespace);
            matching.map(|object| object.name.clone()).collect()
        };
        Self {
            namespace: namespace.to_owned(),
            deployments: of_kind("Deployment"),
            daemon_sets: of_kind("DaemonSet"),
            sidecar,
        }
    }
}

/// Waits for all namespaces at once; when one fails, asks all of them why.
pub(super) async fn wait_ready(
    context: &RunContext,
    cluster: &Cluster,
    expected: &[Expected],
) -> Result<Deployed, WorkloadError> {
    let end = Instant::now() + Timeouts::of(context.timeouts.workload_ready);
    let namespaces: BTreeSet<String> = expected.iter().map(|expected| expected.namespace.clone()).collect();
    match try_join_all(expected.iter().map(|expected| namespace_ready(context, cluster, expected, end))).await {
        Ok(ready) => {
            let (pods, unsettled): (Vec<_>, Vec<_>) = ready.into_iter().unzip();
            Ok(assemble(pods.into_iter().flatten().collect(), unsettled.into_iter().flatten().collect(), namespaces))
        }
        Err(Stop::Waited(source @ WaitError::Deadline { .. })) => {
            let namespaces: Vec<String> = namespaces.into_iter().collect();
            let why = reasons(context, cluster, &namespaces).await;
            Err(WorkloadError::NotReady { source, why })
        }
        Err(Stop::Waited(source)) => Err(WorkloadError::NotReady { source, why: Vec::new() }),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Lists a namespace's Ready pods as they are.
pub(super) fn running<'a>(pods: impl IntoIterator<Item = &'a Pod>, sidecar: Option<&str>) -> Vec<RunningPod> {
    pods.into_iter()
        .filter(|pod| is_ready(pod))
        .map(|pod| RunningPod {
            pod: pod_ref(pod),
            app: pod.labels().get("app").cloned().unwrap_or_default(),
            meshed: sidecar.is_some_and(|sidecar| container_names(pod).any(|name| name == sidecar)),
        })
        .collect()
}

/// Reads a list of a namespace.
pub(super) async fn list<K: DeserializeOwned + Clone>(
    context: &RunContext,
    client: &Client,
    namespace: &str,
    kind: &'static str,
) -> Result<Vec<K>, WorkloadError> {
    let bytes = api::list_json(context, client, &format!("/api/v1/namespaces/{namespace}/{kind}")).await?;
    let list: ObjectList<K> = serde_json::from_slice(&bytes).map_err(|source| WorkloadError::Foreign {
        kind,
        namespace: namespace.to_owned(),
        source,
    })?;
    Ok(list.items)
}

enum Stop {
    Waited(WaitError),
    Failed(WorkloadError),
}

async fn namespace_ready(
    context: &RunContext,
    cluster: &Cluster,
    expected: &Expected,
    end: Instant,
) -> Result<(Vec<RunningPod>, Vec<String>), Stop> {
    let Expected { namespace, deployments, daemon_sets, sidecar } = expected;
    let watch = Watch { context, client: &cluster.client, namespace, end };
    futures_util::try_join!(
        watch.controllers::<Deployment>("deployments", deployments, deployment_lacks),
        watch.controllers::<DaemonSet>("daemonsets", daemon_sets, daemon_set_lacks),
    )
    .map_err(Stop::Waited)?;
    let pods = watch.pods(sidecar.as_deref()).await.map_err(Stop::Waited)?;
    let pods = pods.map_err(|missed: Vec<PodRef>| Stop::Failed(WorkloadError::NotInjected(missed)))?;
    let unsettled = watch.endpoints().await?;
    Ok((pods, unsettled))
}

struct Watch<'a> {
    context: &'a RunContext,
    client: &'a Client,
    namespace: &'a str,
    end: Instant,
}

impl Watch<'_> {
    /// The rest of the budget in whole seconds, rounded up, as people read it.
    fn left(&self) -> Duration {
        Duration::from_secs(self.end.saturating_duration_since(Instant::now()).as_secs_f64().ceil() as u64)
    }

    async fn controllers<K>(
        &self,
        kind: &str,
        names: &BTreeSet<String>,
        lacks: impl Fn(&K) -> Option<String>,
    ) -> Result<(), WaitError>
    where
        K: Resource<Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug + Send + 'static,
        K::DynamicType: Default,
    {
        if names.is_empty() {
            return Ok(());
        }
        let api: Api<K> = Api::namespaced(self.client.clone(), self.namespace);
        let name = format!("{kind} of {} available", self.namespace);
        watch_until(self.context, api, watcher::Config::default(), &name, self.left(), |seen| {
            let lacking: Vec<String> = names
                .iter()
                .filter_map(|name| match seen.get(&format!("{}/{name}", self.namespace)) {
                    Some(object) => lacks(object),
                    None => Some(format!("{kind} {}/{name}: not there", self.namespace)),
                })
                .collect();
            if lacking.is_empty() { Progress::Done(()) } else { Progress::NotYet(lacking.join("; ")) }
        })
        .await
    }

    /// Waits for Ready pods; comes back at once with those that will never get their sidecar.
    async fn pods(&self, sidecar: Option<&str>) -> Result<Result<Vec<RunningPod>, Vec<PodRef>>, WaitError> {
        let api: Api<Pod> = Api::namespaced(self.client.clone(), self.namespace);
        let name = format!("pods of {} ready", self.namespace);
        watch_until(self.context, api, watcher::Config::default(), &name, self.left(), |seen| {
            let missed = sidecar.map(|sidecar| without_sidecar(seen.values(), sidecar)).unwrap_or_default();
            if !missed.is_empty() {
                return Progress::Done(Err(missed));
            }
            let lacking = pods_lacking(seen.values());
            if lacking.is_empty() {
                Progress::Done(Ok(running(seen.values(), sidecar)))
            } else {
                Progress::NotYet(lacking.join("; "))
            }
        })
        .await
    }

    /// Lists the Services; an API server that is away for a moment is asked again.
    async fn services(&self) -> Result<Vec<Service>, Stop> {
        let name = format!("services of {} listed", self.namespace);
        let look = async || match list(self.context, self.client, self.namespace, "services").await {
            Ok(services) => Progress::Done(services),
            Err(error) => Progress::NotYet(chain(&error)),
        };
        until(self.context, &name, self.left(), look).await.map_err(Stop::Waited)
    }

    /// Waits a little for endpoints, and lists what is lacking after that.
    async fn endpoints(&self) -> Result<Vec<String>, Stop> {
        let services = self.services().await?;
        let api: Api<EndpointSlice> = Api::namespaced(self.client.clone(), self.namespace);
        let name = format!("endpoints of {} in every family", self.namespace);
        let limit = self.left().min(ENDPOINTS);
        let mut lacking = Vec::new();
        let waited = watch_until(self.context, api, watcher::Config::default(), &name, limit, |seen| {
            lacking = endpoints_lacking(&services, seen.values());
            if lacking.is_empty() { Progress::Done(()) } else { Progress::NotYet(lacking.join("; ")) }
        })
        .await;
        match waited {
            Ok(()) | Err(WaitError::Deadline { .. }) => Ok(lacking),
            Err(error) => Err(Stop::Waited(error)),
        }
    }
}
