//! The parts of Kubernetes' objects that matter here. `null` is the same as absent.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Meta {
    pub(super) name: String,
    pub(super) namespace: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) creation_timestamp: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) annotations: BTreeMap<String, String>,
    generate_name: String,
    #[serde(deserialize_with = "or_default")]
    owner_references: Vec<Owner>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Owner {
    kind: String,
    name: String,
    controller: bool,
}

impl Meta {
    /// Names the workload of a pod: its controller, and a ReplicaSet's Deployment
    /// (istio/istio:pkg/kube/controllers `GetDeployMetaFromPod`). The owner is left out of some recordings; a generated name tells it, too.
    pub(super) fn workload(&self) -> String {
        if self.generate_name.is_empty() {
            return self.name.clone();
        }
        let controller = self.owner_references.iter().find(|owner| owner.controller);
        let (kind, owner) = controller.map_or_else(
            || ("ReplicaSet", self.generate_name.trim_end_matches('-')),
            |controller| (controller.kind.as_str(), controller.name.as_str()),
        );
        let hash = self.labels.get("pod-template-hash").map(|hash| format!("-{hash}"));
        match hash.and_then(|hash| owner.strip_suffix(hash.as_str())) {
            Some(deployment) if kind == "ReplicaSet" => deployment.to_owned(),
            _ => owner.to_owned(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Service {
    pub(super) metadata: Meta,
    pub(super) spec: ServiceSpec,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ServiceSpec {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(rename = "clusterIP", deserialize_with = "or_default")]
    pub(super) cluster_ip: String,
    #[serde(rename = "clusterIPs", deserialize_with = "or_default")]
    pub(super) cluster_ips: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) selector: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) ports: Vec<ServicePort>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServicePort {
    #[serde(default)]
    pub(super) name: String,
    pub(super) port: u16,
    #[serde(default)]
    pub(super) protocol: String,
    #[serde(default)]
    pub(super) app_protocol: Option<String>,
    #[serde(default)]
    pub(super) target_port: Target,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Target {
    Number(u16),
    Name(String),
}

impl Default for Target {
    fn default() -> Self {
        Self::Number(0)
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct EndpointSlice {
    pub(super) metadata: Meta,
    pub(super) address_type: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) endpoints: Vec<Endpoint>,
    #[serde(deserialize_with = "or_default")]
    pub(super) ports: Vec<SlicePort>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SlicePort {
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
    pub(super) port: Option<u16>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Endpoint {
    #[serde(deserialize_with = "or_default")]
    pub(super) addresses: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) conditions: Conditions,
    pub(super) target_ref: Option<Reference>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Conditions {
    pub(super) ready: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Reference {
    pub(super) kind: String,
    pub(super) namespace: String,
    pub(super) name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Pod {
    pub(super) metadata: Meta,
    pub(super) spec: PodSpec,
    pub(super) status: PodStatus,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PodSpec {
    pub(super) service_account_name: String,
    pub(super) node_name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) containers: Vec<Container>,
    #[serde(deserialize_with = "or_default")]
    pub(super) init_containers: Vec<Container>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Container {
    pub(super) name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) ports: Vec<ContainerPort>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ContainerPort {
    pub(super) name: String,
    pub(super) container_port: u16,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PodStatus {
    #[serde(rename = "podIP")]
    pub(super) pod_ip: String,
    #[serde(rename = "podIPs", deserialize_with = "or_default")]
    pub(super) pod_ips: Vec<PodIp>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PodIp {
    pub(super) ip: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PeerAuthentication {
    pub(super) metadata: Meta,
    #[serde(deserialize_with = "or_default")]
    pub(super) spec: PeerAuthenticationSpec,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PeerAuthenticationSpec {
    #[serde(deserialize_with = "or_default")]
    pub(super) selector: Selector,
    #[serde(deserialize_with = "or_default")]
    pub(super) mtls: Mtls,
    #[serde(deserialize_with = "or_default")]
    pub(super) port_level_mtls: BTreeMap<u16, Mtls>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Selector {
    #[serde(deserialize_with = "or_default")]
    pub(super) match_labels: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Mtls {
    pub(super) mode: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Sidecar {
    pub(super) metadata: Meta,
    #[serde(deserialize_with = "or_default")]
    pub(super) spec: SidecarSpec,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SidecarSpec {
    #[serde(deserialize_with = "or_default")]
    pub(super) workload_selector: WorkloadSelector,
    pub(super) outbound_traffic_policy: Option<OutboundTrafficPolicy>,
    #[serde(deserialize_with = "or_default")]
    pub(super) egress: Vec<Egress>,
    pub(super) ingress: Option<Value>,
    pub(super) inbound_connection_pool: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct WorkloadSelector {
    #[serde(deserialize_with = "or_default")]
    pub(super) labels: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct OutboundTrafficPolicy {
    pub(super) mode: String,
    pub(super) egress_proxy: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Egress {
    pub(super) port: Option<Value>,
    pub(super) bind: String,
    pub(super) capture_mode: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) hosts: Vec<String>,
}
