//! Kubernetes objects, reduced to what a family can be lost in.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::family::{AddressSet, IpFamily, IpFamilyPolicy};

/// The objects of a bundle.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Objects {
    /// Every node.
    pub nodes: Vec<Node>,
    /// The namespaces of the run and of the mesh.
    pub namespaces: Vec<Namespace>,
    /// Services of these namespaces.
    pub services: Vec<Service>,
    /// EndpointSlices of these namespaces.
    pub endpoint_slices: Vec<EndpointSlice>,
    /// Pods of these namespaces.
    pub pods: Vec<Pod>,
}

/// What every object says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// Its name.
    pub name: String,
    /// Its namespace; empty for cluster-scoped objects.
    pub namespace: String,
    /// Its UID; empty where the list leaves it out.
    pub uid: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// Where it stands in the bundle: `objects/services.json#/items/3`.
    pub place: String,
}

/// The label of everything that a run makes, with the run's id. Nothing is deleted that does not carry it with the run's own.
pub const RUN_LABEL: &str = "dualproof.dev/run";

/// A node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// Name, labels, place.
    pub meta: Meta,
    /// `status.addresses` of type InternalIP, in their order.
    pub internal_ips: Vec<IpAddr>,
    /// `spec.podCIDRs`, in their order.
    pub pod_cidrs: Vec<IpNet>,
    /// The kubelet's version.
    pub kubelet: String,
}

/// A namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespace {
    /// Name, labels, place.
    pub meta: Meta,
}

/// A Service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Service {
    /// Name, namespace, labels, place.
    pub meta: Meta,
    /// `spec.ipFamilyPolicy`; `None` on ExternalName.
    pub policy: Option<IpFamilyPolicy>,
    /// `spec.ipFamilies`, in their order.
    pub families: Vec<IpFamily>,
    /// `spec.clusterIPs`, in their order; empty when headless.
    pub cluster_ips: Vec<IpAddr>,
    /// `spec.clusterIP`, which must repeat the first; `None` when headless or absent.
    pub cluster_ip: Option<IpAddr>,
    /// `clusterIPs: ["None"]`.
    pub headless: bool,
    /// `spec.type`.
    pub kind: String,
    /// `spec.selector`; empty when the Service has none.
    pub selector: BTreeMap<String, String>,
    /// `spec.ports`.
    pub ports: Vec<ServicePort>,
}

/// A port of a Service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServicePort {
    /// Its name; empty when it has none.
    pub name: String,
    /// The port that clients dial.
    pub port: u16,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: String,
    /// `appProtocol`, when given.
    pub app_protocol: Option<String>,
    /// `nodePort`, when it has one.
    pub node_port: Option<u16>,
}

impl ServicePort {
    /// Tells whether a mesh treats the port as HTTP and so binds a shared wildcard listener instead of the Service's own
    /// (istio/istio:pkg/config/protocol and kube/conversion.go: `appProtocol`, else the name's prefix before `-`).
    #[must_use]
    pub fn is_http(&self) -> bool {
        let word = self.app_protocol.as_deref().unwrap_or_else(|| self.name.split('-').next().unwrap_or_default());
        matches!(word, "http" | "http2" | "grpc" | "grpc-web" | "kubernetes.io/h2c" | "kubernetes.io/ws")
    }
}

/// An EndpointSlice.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointSlice {
    /// Name, namespace, labels, place.
    pub meta: Meta,
    /// The Service it belongs to (label `kubernetes.io/service-name`), if any.
    pub service: Option<String>,
    /// `addressType`; `None` for FQDN.
    pub family: Option<IpFamily>,
    /// Its endpoints.
    pub endpoints: Vec<SliceEndpoint>,
    /// The numbers of its ports.
    pub ports: Vec<u16>,
}

/// One endpoint of a slice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SliceEndpoint {
    /// Its addresses; in practice one.
    pub addresses: Vec<IpAddr>,
    /// `conditions.ready`; absent means ready (discovery/v1).
    pub ready: bool,
    /// The pod it stands for, if any.
    pub pod: Option<PodRef>,
}

/// The name of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PodRef {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl fmt::Display for PodRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// A pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pod {
    /// Name, namespace, labels, annotations, place.
    pub meta: Meta,
    /// `status.podIPs`, in their order.
    pub ips: Vec<IpAddr>,
    /// The condition Ready.
    pub ready: bool,
    /// `status.phase`.
    pub phase: String,
    /// `metadata.deletionTimestamp` is set.
    pub terminating: bool,
    /// `spec.hostNetwork`.
    pub host_network: bool,
    /// The node it runs on.
    pub node: String,
    /// `spec.serviceAccountName`; empty where the list leaves it out.
    pub service_account: String,
    /// Names of its containers, init containers included (a native sidecar is one of those).
    pub containers: Vec<String>,
    /// Restarts of all its containers together.
    pub restarts: u32,
}

impl Pod {
    /// Names the pod.
    #[must_use]
    pub fn pod_ref(&self) -> PodRef {
        PodRef { namespace: self.meta.namespace.clone(), name: self.meta.name.clone() }
    }

    /// Tells whether a sidecar was injected: an `istio-proxy` among its containers or init containers.
    #[must_use]
    pub fn is_meshed(&self) -> bool {
        self.containers.iter().any(|container| container == "istio-proxy")
    }
}

/// A pod that should stand behind a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend<'a> {
    /// The pod.
    pub pod: &'a Pod,
    /// Its addresses in the Service's families.
    pub addresses: AddressSet,
}

impl Objects {
    /// Finds a Service.
    #[must_use]
    pub fn service(&self, namespace: &str, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.meta.namespace == namespace && service.meta.name == name)
    }

    /// Finds a pod.
    #[must_use]
    pub fn pod(&self, wanted: &PodRef) -> Option<&Pod> {
        self.pods.iter().find(|pod| pod.meta.namespace == wanted.namespace && pod.meta.name == wanted.name)
    }

    /// Lists the pods of a namespace that are not going away.
    pub fn pods_in<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Pod> {
        self.pods.iter().filter(move |pod| pod.meta.namespace == namespace && !pod.terminating)
    }

    /// Lists the slices of a Service.
    pub fn slices_of<'a>(&'a self, service: &'a Service) -> impl Iterator<Item = &'a EndpointSlice> {
        self.endpoint_slices.iter().filter(move |slice| {
            slice.meta.namespace == service.meta.namespace && slice.service.as_deref() == Some(&service.meta.name)
        })
    }

    /// Lists the Ready pods behind a Service: those its selector picks, or, without a selector, those its slices name.
    #[must_use]
    pub fn backends_of<'a>(&'a self, service: &'a Service) -> Vec<Backend<'a>> {
        let named: Vec<&PodRef> = self
            .slices_of(service)
            .flat_map(|slice| &slice.endpoints)
            .filter_map(|endpoint| endpoint.pod.as_ref())
            .collect();
        self.pods_in(&service.meta.namespace)
            .filter(|pod| pod.ready)
            .filter(|pod| {
                if service.selector.is_empty() {
                    named.contains(&&pod.pod_ref())
                } else {
                    service.selector.iter().all(|(key, value)| pod.meta.labels.get(key) == Some(value))
                }
            })
            .map(|pod| Backend {
                pod,
                addresses: pod
                    .ips
                    .iter()
                    .copied()
                    .filter(|address| service.families.contains(&IpFamily::of(address)))
                    .collect(),
            })
            .collect()
    }
}
