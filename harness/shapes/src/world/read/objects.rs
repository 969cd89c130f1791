//! Objects as the API server prints them, to values.

use std::collections::BTreeMap;
use std::net::IpAddr;

use dualproof_model::evidence::PodRef;
use dualproof_model::family::parse_ip;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::wire;
use crate::world::{
    EgressHost, EndpointSlice, MtlsMode, OutboundMode, PeerAuthentication, Pod, Protocol, Scope, Service, ServicePort,
    SliceEndpoint, TargetPort, WorldError,
};

/// All that the control plane knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World {
    /// Services, the oldest first.
    pub services: Vec<Service>,
    /// EndpointSlices of Services.
    pub slices: Vec<EndpointSlice>,
    /// Pods.
    pub pods: BTreeMap<PodRef, Pod>,
    /// PeerAuthentications.
    pub policies: Vec<PeerAuthentication>,
    /// Sidecar resources.
    pub scopes: Vec<Scope>,
}

/// Objects as JSON, each list by its kind. A kind that does not exist in the cluster is an empty list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Objects<'a> {
    /// `v1` Services.
    pub services: &'a [Value],
    /// `discovery.k8s.io/v1` EndpointSlices.
    pub endpoint_slices: &'a [Value],
    /// `v1` Pods.
    pub pods: &'a [Value],
    /// `security.istio.io` PeerAuthentications.
    pub peer_authentications: &'a [Value],
    /// `networking.istio.io` Sidecars.
    pub sidecars: &'a [Value],
}

/// Returns the items of a list as the API server prints it, or of a bare array. `what` names the document in an error.
///
/// # Errors
/// [`WorldError::NoList`] where it is neither. `items: null` is an empty list.
pub fn items<'a>(document: &'a Value, what: &'static str) -> Result<&'a [Value], WorldError> {
    match document {
        Value::Array(list) => Ok(list),
        Value::Object(map) => match map.get("items") {
            Some(Value::Array(list)) => Ok(list),
            Some(Value::Null) => Ok(&[]),
            _ => Err(WorldError::NoList { what }),
        },
        _ => Err(WorldError::NoList { what }),
    }
}

impl World {
    /// Reads the objects. Unknown fields are left out; what is not for sidecars (ExternalName, slices of names, slices without a
    /// Service) is, too.
    ///
    /// # Errors
    /// For an object of another form, an address that is none, an unknown mode, and what a Sidecar resource says beside its hosts and its
    /// mode. A missing optional field is no error.
    pub fn read(objects: &Objects<'_>) -> Result<Self, WorldError> {
        let mut services: Vec<Service> = Vec::new();
        for object in all::<wire::Service>("Service", objects.services) {
            services.extend(service(object?)?);
        }
        services.sort_by(|left, right| left.age().cmp(&right.age()));
        let mut slices = Vec::new();
        for object in all::<wire::EndpointSlice>("EndpointSlice", objects.endpoint_slices) {
            slices.extend(slice(object?)?);
        }
        let mut pods = BTreeMap::new();
        for object in all("Pod", objects.pods) {
            let pod = pod(object?)?;
            pods.insert(pod.id.clone(), pod);
        }
        let policies = all("PeerAuthentication", objects.peer_authentications)
            .map(|object| policy(object?))
            .collect::<Result<_, _>>()?;
        let scopes = all("Sidecar", objects.sidecars).map(|object| scope(object?)).collect::<Result<_, _>>()?;
        Ok(Self { services, slices, pods, policies, scopes })
    }

    /// Finds a pod.
    #[must_use]
    pub fn pod(&self, id: &PodRef) -> Option<&Pod> {
        self.pods.get(id)
    }
}

fn all<'a, T: DeserializeOwned>(
    kind: &'static str,
    list: &'a [Value],
) -> impl Iterator<Item = Result<T, WorldError>> + use<'a, T> {
    list.iter()
        .enumerate()
        .map(move |(index, item)| T::deserialize(item).map_err(|source| WorldError::Object { kind, index, source }))
}

fn address(kind: &'static str, meta: &wire::Meta, text: &str) -> Result<IpAddr, WorldError> {
    parse_ip(text).map_err(|source| WorldError::Address {
        kind,
        namespace: meta.namespace.clone(),
        name: meta.name.clone(),
        source,
    })
}

fn service(object: wire::Service) -> Result<Option<Service>, WorldError> {
    let wire::Service { metadata, spec } = object;
    if spec.kind == "ExternalName" {
        return Ok(None);
    }
    let listed = if spec.cluster_ips.is_empty() { vec![spec.cluster_ip] } else { spec.cluster_ips };
    let headless = listed.iter().any(|address| address == "None");
    let cluster_ips = listed
        .iter()
        .filter(|address| !address.is_empty() && *address != "None")
        .map(|text| address("Service", &metadata, text))
        .collect::<Result<_, _>>()?;
    let ports = spec.ports.into_iter().map(|port| ServicePort {
        protocol: Protocol::of(port.port, &port.protocol, &port.name, port.app_protocol.as_deref()),
        target: match port.target_port {
            wire::Target::Number(0) => TargetPort::Number(port.port),
            wire::Target::Number(number) => TargetPort::Number(number),
            wire::Target::Name(name) => TargetPort::Name(name),
        },
        name: port.name,
        number: port.port,
    });
    Ok(Some(Service {
        ports: ports.collect(),
        name: metadata.name,
        namespace: metadata.namespace,
        created: metadata.creation_timestamp,
        cluster_ips,
        headless,
        selector: spec.selector,
    }))
}

fn slice(object: wire::EndpointSlice) -> Result<Option<EndpointSlice>, WorldError> {
    let Ok(family) = object.address_type.parse() else { return Ok(None) };
    let Some(service) = object.metadata.labels.get("kubernetes.io/service-name").cloned() else { return Ok(None) };
    let mut endpoints = Vec::new();
    for endpoint in object.endpoints {
        let Some(first) = endpoint.addresses.first() else { continue };
        if endpoint.conditions.ready == Some(false) {
            continue;
        }
        let pod = endpoint.target_ref.filter(|target| target.kind == "Pod").map(|target| PodRef {
            namespace: if target.namespace.is_empty() { object.metadata.namespace.clone() } else { target.namespace },
            name: target.name,
        });
        endpoints.push(SliceEndpoint { address: address("EndpointSlice", &object.metadata, first)?, pod });
    }
    let ports = object.ports.into_iter().filter_map(|port| Some((port.name, port.port?))).collect();
    let wire::Meta { name, namespace, .. } = object.metadata;
    Ok(Some(EndpointSlice { namespace, name, service, family, ports, endpoints }))
}

fn pod(object: wire::Pod) -> Result<Pod, WorldError> {
    let wire::Pod { metadata, spec, status } = object;
    let listed = if status.pod_ips.is_empty() {
        vec![status.pod_ip]
    } else {
        status.pod_ips.into_iter().map(|entry| entry.ip).collect()
    };
    let ips = listed
        .iter()
        .filter(|text| !text.is_empty())
        .map(|text| address("Pod", &metadata, text))
        .collect::<Result<_, _>>()?;
    let named = spec.containers.iter().chain(&spec.init_containers).flat_map(|container| &container.ports);
    let workload = metadata.workload();
    Ok(Pod {
        ips,
        workload,
        service_account: if spec.service_account_name.is_empty() {
            "default".to_owned()
        } else {
            spec.service_account_name
        },
        node: spec.node_name,
        named_ports: named
            .filter(|port| !port.name.is_empty())
            .map(|port| (port.name.clone(), port.container_port))
            .collect(),
        containers: spec.containers.into_iter().map(|container| container.name).collect(),
        id: PodRef { namespace: metadata.namespace, name: metadata.name },
        labels: metadata.labels,
        annotations: metadata.annotations,
    })
}

fn policy(object: wire::PeerAuthentication) -> Result<PeerAuthentication, WorldError> {
    let wire::PeerAuthentication { metadata, spec } = object;
    let mode = |mtls: &wire::Mtls| match mtls.mode.as_str() {
        "" | "UNSET" => Ok(None),
        "DISABLE" => Ok(Some(MtlsMode::Disable)),
        "PERMISSIVE" => Ok(Some(MtlsMode::Permissive)),
        "STRICT" => Ok(Some(MtlsMode::Strict)),
        other => Err(WorldError::Word {
            kind: "PeerAuthentication",
            namespace: metadata.namespace.clone(),
            name: metadata.name.clone(),
            field: "mtls.mode",
            value: other.to_owned(),
            known: "UNSET, DISABLE, PERMISSIVE or STRICT",
        }),
    };
    let ports = spec
        .port_level_mtls
        .iter()
        .map(|(port, mtls)| Ok((*port, mode(mtls)?)))
        .collect::<Result<BTreeMap<_, _>, WorldError>>()?;
    Ok(PeerAuthentication {
        mode: mode(&spec.mtls)?,
        ports,
        namespace: metadata.namespace,
        name: metadata.name,
        created: metadata.creation_timestamp,
        selector: spec.selector.match_labels,
    })
}

fn scope(object: wire::Sidecar) -> Result<Scope, WorldError> {
    const KIND: &str = "Sidecar";
    let wire::Sidecar { metadata, spec } = object;
    let policy = spec.outbound_traffic_policy;
    let unfollowed = [
        ("ingress", spec.ingress.is_some()),
        ("inboundConnectionPool", spec.inbound_connection_pool.is_some()),
        ("outboundTrafficPolicy.egressProxy", policy.as_ref().is_some_and(|policy| policy.egress_proxy.is_some())),
        ("egress.port", spec.egress.iter().any(|egress| egress.port.is_some())),
        ("egress.bind", spec.egress.iter().any(|egress| !egress.bind.is_empty())),
        ("egress.captureMode", spec.egress.iter().any(|egress| !matches!(&*egress.capture_mode, "" | "DEFAULT"))),
    ];
    let (namespace, name) = (metadata.namespace, metadata.name);
    if let Some((field, _)) = unfollowed.into_iter().find(|(_, is_said)| *is_said) {
        return Err(WorldError::Unfollowed { kind: KIND, namespace, name, field });
    }
    let word = |field, value: &str, known| WorldError::Word {
        kind: KIND,
        namespace: namespace.clone(),
        name: name.clone(),
        field,
        value: value.to_owned(),
        known,
    };
    // A policy without a mode has the first one of the enumeration (istio/api:networking/v1alpha3/sidecar.proto).
    let outbound = policy.map(|policy| match policy.mode.as_str() {
        "" | "REGISTRY_ONLY" => Ok(OutboundMode::RegistryOnly),
        "ALLOW_ANY" => Ok(OutboundMode::AllowAny),
        other => Err(word("outboundTrafficPolicy.mode", other, "REGISTRY_ONLY or ALLOW_ANY")),
    });
    let hosts = spec.egress.iter().flat_map(|egress| &egress.hosts).map(|host| {
        let (namespace, name) =
            host.split_once('/').ok_or_else(|| word("egress.hosts", host, "a namespace, a slash and a host"))?;
        Ok(EgressHost { namespace: namespace.to_owned(), name: name.to_owned() })
    });
    Ok(Scope {
        outbound: outbound.transpose()?,
        hosts: hosts.collect::<Result<_, WorldError>>()?,
        created: metadata.creation_timestamp,
        selector: spec.workload_selector.labels,
        namespace,
        name,
    })
}
