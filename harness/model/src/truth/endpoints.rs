//! Which endpoints a Service's cluster must have, and how their addresses are grouped.

use std::net::IpAddr;

use crate::evidence::{Backend, Objects, Service};
use crate::family::{AddressSet, IpFamily};
use crate::spec::EndpointShape;

/// Lists the endpoints of a Service as sets of addresses, sorted, repeats kept: one set for each weight that Envoy balances.
///
/// [`EndpointShape::Merged`] puts all addresses of a pod into one endpoint, when the Service has two clusterIPs and the pod
/// stands behind it by name (istio/istio:pilot/pkg/serviceregistry/kube/controller/endpointslice.go, from 1.24,
/// istio/istio#51279, #52104). Everything else is one endpoint for each address: SingleStack and headless Services,
/// addresses that someone wrote into a slice without a pod, and all of [`EndpointShape::Split`].
#[must_use]
pub fn endpoint_groups(objects: &Objects, service: &Service, shape: EndpointShape) -> Vec<AddressSet> {
    let merged = shape == EndpointShape::Merged && service.cluster_ips.len() > 1;
    let mut groups = Vec::new();
    for Backend { addresses, .. } in objects.backends_of(service) {
        if merged && !addresses.is_empty() {
            groups.push(addresses);
        } else {
            groups.extend(addresses.iter().map(|address| AddressSet::from_iter([*address])));
        }
    }
    groups.extend(written_addresses(objects, service).map(|address| AddressSet::from_iter([address])));
    groups.sort();
    groups
}

/// Unites the addresses of all endpoints of a Service.
#[must_use]
pub fn endpoint_addresses(objects: &Objects, service: &Service) -> AddressSet {
    objects
        .backends_of(service)
        .iter()
        .flat_map(|backend| backend.addresses.iter().copied())
        .chain(written_addresses(objects, service))
        .collect()
}

/// Unites the addresses of the pods behind a Service that are not Ready or going away. A proxy may still list them, so that
/// sessions can end well, but not as HEALTHY (istio/istio:pilot/pkg/xds/endpoints/endpoint_builder.go).
#[must_use]
pub fn withdrawn_addresses(objects: &Objects, service: &Service) -> AddressSet {
    objects
        .pods
        .iter()
        .filter(|pod| pod.meta.namespace == service.meta.namespace && (pod.terminating || !pod.ready))
        .filter(|pod| service.selector.iter().all(|(key, value)| pod.meta.labels.get(key) == Some(value)))
        .flat_map(|pod| pod.ips.iter().copied())
        .collect()
}

/// The ready addresses in slices of a Service without a selector that stand for no pod.
fn written_addresses<'a>(objects: &'a Objects, service: &'a Service) -> impl Iterator<Item = IpAddr> + 'a {
    objects
        .slices_of(service)
        .filter(|_| service.selector.is_empty())
        .flat_map(|slice| &slice.endpoints)
        .filter(|endpoint| endpoint.ready && endpoint.pod.is_none())
        .flat_map(|endpoint| &endpoint.addresses)
        .copied()
        .filter(|address| service.families.contains(&IpFamily::of(address)))
}
