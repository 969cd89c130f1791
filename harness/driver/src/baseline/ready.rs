//! Waiting until the baseline can be called.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dualproof_dump::kubernetes;
use dualproof_model::evidence::{Objects, Pod};
use dualproof_model::family::IpFamily;
use dualproof_model::truth::Baseline;
use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::Api;
use kube::runtime::watcher;
use tokio::time::Instant;

use super::BaselineError;
use super::manifest::{CLIENT, ECHO};
use crate::api;
use crate::cluster::Cluster;
use crate::context::RunContext;
use crate::wait::{Progress, WaitError, watch_until};
use crate::workload::{daemon_set_lacks, pods_lacking};

/// Waits for a server and a client on every node and for the servers' endpoints in each family that they have.
/// Returns the Services and pods as they are then.
pub(super) async fn ready(context: &RunContext, cluster: &Cluster, end: Instant) -> Result<Objects, BaselineError> {
    if let Err(source) = daemon_sets(context, cluster, left(end)).await {
        let why = match source {
            WaitError::Deadline { .. } => unready_pods(context, cluster).await,
            _ => Vec::new(),
        };
        return Err(BaselineError::NotReady { why, source });
    }
    let objects = objects(context, cluster).await?;
    let expected = expected_endpoints(&objects);
    endpoints(context, cluster, &expected, left(end))
        .await
        .map_err(|source| BaselineError::NotReady { why: Vec::new(), source })?;
    Ok(objects)
}

pub(super) fn left(end: Instant) -> Duration {
    end.saturating_duration_since(Instant::now())
}

async fn daemon_sets(context: &RunContext, cluster: &Cluster, limit: Duration) -> Result<(), WaitError> {
    let api: Api<DaemonSet> = Api::namespaced(cluster.client.clone(), Baseline::NAMESPACE);
    let condition = "a baseline server and client on every node";
    watch_until(context, api, watcher::Config::default(), condition, limit, |sets| {
        let ours: Vec<&DaemonSet> =
            sets.values().filter(|set| matches!(set.metadata.name.as_deref(), Some(ECHO | CLIENT))).collect();
        let lacks: Vec<String> = ours.iter().filter_map(|set| daemon_set_lacks(set)).collect();
        match (ours.len(), lacks.is_empty()) {
            (2, true) => Progress::Done(()),
            (2, false) => Progress::NotYet(lacks.join("; ")),
            (there, _) => Progress::NotYet(format!("{there} of 2 daemonsets are there")),
        }
    })
    .await
}

/// Explains the pods that keep a DaemonSet waiting; empty when they cannot be listed, for the wait has failed already.
async fn unready_pods(context: &RunContext, cluster: &Cluster) -> Vec<String> {
    let pods = api::list::<v1::Pod>(context, &cluster.client, Some(Baseline::NAMESPACE)).await;
    pods.map(|pods| pods_lacking(&pods)).unwrap_or_default()
}

async fn objects(context: &RunContext, cluster: &Cluster) -> Result<Objects, BaselineError> {
    let list = async |kind: &str| {
        let path = format!("/api/v1/namespaces/{}/{kind}", Baseline::NAMESPACE);
        api::list_json(context, &cluster.client, &path).await
    };
    let (services, pods) = (list("services").await?, list("pods").await?);
    let foreign = |error| BaselineError::Objects(Box::new(error));
    Ok(Objects {
        services: kubernetes::services(&services, "objects/services.json").map_err(foreign)?,
        pods: kubernetes::pods(&pods, "objects/pods.json").map_err(foreign)?,
        ..Objects::default()
    })
}

/// How many ready endpoints each Service must come to have in each family: as many as there are servers with an address of
/// it. A family that no server has is expected to have none, so a cluster that lost it is measured all the same.
type Expected = BTreeMap<(String, IpFamily), usize>;

fn expected_endpoints(objects: &Objects) -> Expected {
    let mut expected = Expected::new();
    for service in &objects.services {
        for family in &service.families {
            let has = |pod: &&Pod| pod.ips.iter().any(|address| IpFamily::of(address) == *family);
            let servers = objects.backends_of(service).into_iter().map(|backend| backend.pod).filter(has).count();
            expected.insert((service.meta.name.clone(), *family), servers);
        }
    }
    expected
}

async fn endpoints(
    context: &RunContext,
    cluster: &Cluster,
    expected: &Expected,
    limit: Duration,
) -> Result<(), WaitError> {
    let api: Api<EndpointSlice> = Api::namespaced(cluster.client.clone(), Baseline::NAMESPACE);
    let condition = "endpoints of the baseline's Services in each family";
    watch_until(context, api, watcher::Config::default(), condition, limit, |slices| {
        let lacking: Vec<String> = expected
            .iter()
            .filter_map(|((service, family), wanted)| {
                let there = count_ready(slices.values(), service, *family);
                (there < *wanted).then(|| format!("{service}: {there} of {wanted} {family} endpoints ready"))
            })
            .collect();
        if lacking.is_empty() { Progress::Done(()) } else { Progress::NotYet(lacking.join("; ")) }
    })
    .await
}

fn count_ready<'a>(slices: impl Iterator<Item = &'a EndpointSlice>, service: &str, family: IpFamily) -> usize {
    let addresses: BTreeSet<&String> = slices
        .filter(|slice| slice.address_type == family.to_string())
        .filter(|slice| {
            let labels = slice.metadata.labels.as_ref();
            labels.and_then(|labels| labels.get("kubernetes.io/service-name")).is_some_and(|name| name == service)
        })
        .flat_map(|slice| slice.endpoints.iter().flatten())
        // An absent `ready` means ready (discovery/v1 EndpointConditions).
        .filter(|endpoint| endpoint.conditions.as_ref().and_then(|conditions| conditions.ready).unwrap_or(true))
        .flat_map(|endpoint| &endpoint.addresses)
        .collect();
    addresses.len()
}
