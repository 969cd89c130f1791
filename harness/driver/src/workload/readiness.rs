//! Decides, from what the API server says, whether workloads are ready, and if not, what is lacking.

use std::collections::BTreeSet;

use dualproof_model::evidence::PodRef;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment};
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;

use crate::diagnostics::{container_names, explain, pod_ref};

/// The label by which an EndpointSlice names its Service (discovery/v1 `LabelServiceName`).
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// Says what a Deployment lacks; `None` when its newest generation was observed, every replica is updated and available,
/// and no old one is left. A controller that cannot make pods at all is quoted.
#[must_use]
pub fn deployment_lacks(deployment: &Deployment) -> Option<String> {
    let wanted = deployment.spec.replicas.unwrap_or(1);
    let status = deployment.status.clone().unwrap_or_default();
    let observed = status.observed_generation >= deployment.metadata.generation;
    let updated = status.updated_replicas.unwrap_or_default();
    let available = status.available_replicas.unwrap_or_default();
    let has_old = status.replicas.unwrap_or_default() > updated;
    if observed && updated >= wanted && available >= wanted && !has_old {
        return None;
    }
    let refused = status
        .conditions
        .iter()
        .flatten()
        .find(|condition| {
            condition.type_.as_deref() == Some("ReplicaFailure") && condition.status.as_deref() == Some("True")
        })
        .and_then(|condition| condition.message.as_deref())
        .map(|message| format!(", {}", message.trim()))
        .unwrap_or_default();
    let name = named(deployment.metadata.namespace.as_deref(), deployment.metadata.name.as_deref());
    Some(format!("deployment {name}: {available} of {wanted} replicas available{refused}"))
}

/// Says what a DaemonSet lacks; `None` when its newest generation was observed and runs, available, on every node that it
/// wants. One that wants no node lacks that.
#[must_use]
pub fn daemon_set_lacks(daemon_set: &DaemonSet) -> Option<String> {
    let status = daemon_set.status.clone().unwrap_or_default();
    let observed = status.observed_generation >= daemon_set.metadata.generation;
    let wanted = status.desired_number_scheduled;
    let updated = status.updated_number_scheduled.unwrap_or_default();
    let available = status.number_available.unwrap_or_default();
    if observed && wanted > 0 && updated >= wanted && available >= wanted {
        return None;
    }
    let name = named(daemon_set.metadata.namespace.as_deref(), daemon_set.metadata.name.as_deref());
    Some(format!("daemonset {name}: {available} of {wanted} pods available"))
}

/// Explains every pod that stays and is not ready; empty when all are. Pods that have ended well count as ready.
#[must_use]
pub fn pods_lacking<'a>(pods: impl IntoIterator<Item = &'a Pod>) -> Vec<String> {
    staying(pods)
        .filter(|pod| pod.status.as_ref().and_then(|status| status.phase.as_deref()) != Some("Succeeded"))
        .filter_map(explain)
        .map(|trouble| trouble.to_string())
        .collect()
}

/// Lists pods that stay and have no container `sidecar`. They were made before the injector worked, or it left them out:
/// waiting does not help.
#[must_use]
pub fn without_sidecar<'a>(pods: impl IntoIterator<Item = &'a Pod>, sidecar: &str) -> Vec<PodRef> {
    staying(pods).filter(|pod| !container_names(pod).any(|name| name == sidecar)).map(pod_ref).collect()
}

/// Lists the families in which a Service has no ready endpoint; empty when each has one.
///
/// Services without a selector (and so without endpoints of Kubernetes' making) are left out. An endpoint without the
/// condition `ready` counts as ready (discovery/v1 `EndpointConditions`).
#[must_use]
pub fn endpoints_lacking<'a>(services: &[Service], slices: impl IntoIterator<Item = &'a EndpointSlice>) -> Vec<String> {
    let served: BTreeSet<(&str, &str)> = slices
        .into_iter()
        .filter(|slice| has_ready_endpoint(slice))
        .filter_map(|slice| Some((service_of(slice)?, slice.address_type.as_str())))
        .collect();
    let mut lacking = Vec::new();
    for service in services {
        let Some(spec) = &service.spec else { continue };
        if spec.selector.as_ref().is_none_or(|selector| selector.is_empty()) {
            continue;
        }
        let name = service.metadata.name.as_deref().unwrap_or_default();
        for family in spec.ip_families.iter().flatten() {
            if !served.contains(&(name, family.as_str())) {
                let name = named(service.metadata.namespace.as_deref(), Some(name));
                lacking.push(format!("service {name}: no ready {family} endpoint"));
            }
        }
    }
    lacking
}

fn service_of(slice: &EndpointSlice) -> Option<&str> {
    slice.metadata.labels.as_ref()?.get(SERVICE_NAME).map(String::as_str)
}

fn has_ready_endpoint(slice: &EndpointSlice) -> bool {
    slice.endpoints.iter().flatten().any(|endpoint| {
        !endpoint.addresses.is_empty()
            && endpoint.conditions.as_ref().and_then(|conditions| conditions.ready).unwrap_or(true)
    })
}

fn staying<'a>(pods: impl IntoIterator<Item = &'a Pod>) -> impl Iterator<Item = &'a Pod> {
    pods.into_iter().filter(|pod| pod.metadata.deletion_timestamp.is_none())
}

fn named(namespace: Option<&str>, name: Option<&str>) -> String {
    format!("{}/{}", namespace.unwrap_or_default(), name.unwrap_or_default())
}
