//! Endpoints of outbound clusters (istio/istio:pilot/pkg/xds/endpoints/endpoint_builder.go).

use std::collections::BTreeMap;

use dualproof_model::spec::EndpointShape;
use serde_json::{Value, json};

use crate::envoy::{additional, socket, typed, with};
use crate::proxy::{Proxy, outbound_cluster};
use crate::world::{Backend, MtlsMode, Pod, Service, ServicePort};

/// Tells whether a dual pod is one endpoint: from 1.24, with istiod's switch on.
pub(crate) fn merges(proxy: &Proxy<'_>) -> bool {
    proxy.settings.shapes.endpoints == EndpointShape::Merged && proxy.settings.dual_stack.control_plane
}

/// Makes the endpoints of every port that has an EDS cluster.
pub(crate) fn endpoints(proxy: &Proxy<'_>) -> BTreeMap<String, Value> {
    let ports = proxy
        .known_services()
        .filter(|service| !service.headless)
        .flat_map(|service| service.ports.iter().filter(|port| port.is_stream()).map(move |port| (service, port)));
    ports
        .map(|(service, port)| {
            let cluster = outbound_cluster(&service.host(&proxy.settings.names.domain), port.number);
            (cluster.clone(), assignment(proxy, &cluster, service, port))
        })
        .collect()
}

fn assignment(proxy: &Proxy<'_>, cluster: &str, service: &Service, port: &ServicePort) -> Value {
    let hosts: Vec<Value> =
        proxy.world.backends(service, port, merges(proxy)).iter().filter_map(|backend| host(proxy, backend)).collect();
    let weight = hosts.len();
    let message = json!({ "cluster_name": cluster });
    let localities =
        (weight > 0).then(|| json!([{ "locality": {}, "lb_endpoints": hosts, "load_balancing_weight": weight }]));
    typed("envoy.config.endpoint.v3.ClusterLoadAssignment", with(message, [("endpoints", localities)]))
}

fn host(proxy: &Proxy<'_>, backend: &Backend<'_>) -> Option<Value> {
    let (first, others) = backend.addresses.split_first()?;
    let endpoint = json!({ "address": socket(*first, backend.port) });
    let endpoint = with(endpoint, [("additional_addresses", additional(others, backend.port))]);
    let mut metadata = json!({ "istio": { "workload": workload(proxy, backend.pod) } });
    if backend.pod.is_some_and(|pod| is_reached_by_mtls(proxy, pod, backend.port)) {
        metadata["envoy.transport_socket_match"] = json!({ "tlsMode": "istio" });
    }
    Some(json!({
        "endpoint": endpoint,
        "metadata": { "filter_metadata": metadata },
        "load_balancing_weight": 1,
    }))
}

fn is_reached_by_mtls(proxy: &Proxy<'_>, pod: &Pod, port: u16) -> bool {
    let root = &proxy.settings.names.root_namespace;
    pod.takes_mtls() && proxy.world.mtls(&pod.id.namespace, &pod.labels, root).port(port) != MtlsMode::Disable
}

/// Names the workload as telemetry reads it: workload, namespace, service, revision and cluster. A revision that was only
/// defaulted by the injector is left out.
fn workload(proxy: &Proxy<'_>, pod: Option<&Pod>) -> String {
    let cluster = &proxy.settings.names.cluster;
    let Some(pod) = pod else { return format!(";;;;{cluster}") };
    let revision = pod.canonical_revision().filter(|revision| *revision != "latest").unwrap_or_default();
    format!("{};{};{};{revision};{cluster}", pod.workload, pod.id.namespace, pod.canonical_name())
}
