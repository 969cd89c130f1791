//! Pods.

use dualproof_model::evidence::Pod;
use serde::Deserialize;

use super::list::{self, Expected, Object};
use crate::DumpError;
use crate::json::or_default;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    node_name: String,
    service_account_name: String,
    host_network: bool,
    #[serde(deserialize_with = "or_default")]
    containers: Vec<Container>,
    #[serde(deserialize_with = "or_default")]
    init_containers: Vec<Container>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Container {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    phase: String,
    #[serde(rename = "podIPs", deserialize_with = "or_default")]
    pod_ips: Vec<PodIp>,
    #[serde(deserialize_with = "or_default")]
    conditions: Vec<Condition>,
    #[serde(deserialize_with = "or_default")]
    container_statuses: Vec<ContainerStatus>,
    #[serde(deserialize_with = "or_default")]
    init_container_statuses: Vec<ContainerStatus>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PodIp {
    ip: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ContainerStatus {
    restart_count: u32,
}

/// Reads pods. A pod that has no addresses, no node or no condition yet has them empty or false.
///
/// # Errors
/// For empty, foreign and truncated input, and for addresses that are none.
pub fn pods(bytes: &[u8], place: &str) -> Result<Vec<Pod>, DumpError> {
    const PODS: Expected = Expected { kind: "Pod", words: "a list of pods" };
    list::read(bytes, place, PODS, |entry, meta, pod: Object<Spec, Status>| {
        let ips = pod.status.pod_ips.iter().enumerate();
        let ips = ips.map(|(index, found)| entry.ip(|| format!("status.podIPs[{index}].ip"), &found.ip));
        let statuses = pod.status.container_statuses.iter().chain(&pod.status.init_container_statuses);
        Ok(Pod {
            meta,
            ips: ips.collect::<Result<_, _>>()?,
            ready: pod.status.conditions.iter().any(|found| found.kind == "Ready" && found.status == "True"),
            phase: pod.status.phase,
            terminating: pod.metadata.deletion_timestamp.is_some(),
            host_network: pod.spec.host_network,
            node: pod.spec.node_name,
            service_account: pod.spec.service_account_name,
            restarts: statuses.map(|status| status.restart_count).fold(0, u32::saturating_add),
            containers: pod
                .spec
                .containers
                .into_iter()
                .chain(pod.spec.init_containers)
                .map(|found| found.name)
                .collect(),
        })
    })
}
