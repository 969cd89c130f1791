//! K12: the address that Envoy dials first is the pod's first one.

use std::net::IpAddr;

use crate::check::{Case, Check, Judged};
use crate::evidence::{Backend, ClusterEndpoints, ClusterName, LbEndpoint, Pod, Service};
use crate::family::IpFamily;
use crate::spec::{EndpointShape, Profile};
use crate::verdict::{Findings, Layer};

pub(in crate::check) const ENDPOINT_PRIMARY_FOLLOWS_PODIPS: Check = Check {
    key: "K12",
    slug: "endpoint-primary-follows-podips",
    layer: Layer::Endpoint,
    profile: Profile::Core,
    title: "an endpoint of several addresses begins with podIPs[0], whatever the order of the Service's families",
    why: "the first address decides which family carries the traffic and is all that hash balancing sees (istio/istio#51279); \
          network plugins changed the order of podIPs (kubernetes/kubernetes#95251), and the downward API another one \
          (kubernetes/kubernetes#103263)",
    cure: "`istioctl proxy-config eds POD -o json` beside `kubectl get pods -o jsonpath='{.items[*].status.podIPs}'`; if it \
           is steady over restarts, the rule of the mesh has changed: see istio/istio \
           pilot/pkg/serviceregistry/kube/controller/endpointslice.go",
    needs_mesh: true,
    judge,
};

fn judge(case: &Case<'_>) -> Judged {
    if case.scenario.subject.is_none() {
        return Judged::NotApplicable("the scenario names no Service".to_owned());
    }
    if case.shapes.is_some_and(|shapes| shapes.endpoints == EndpointShape::Split) {
        return Judged::NotApplicable(
            "this version makes one endpoint for each address, so none comes first".to_owned(),
        );
    }
    let mut findings = Findings::new();
    let Some(service) = case.service_or_lost(&mut findings) else { return findings.into() };
    if service.cluster_ips.len() < 2 {
        let what = "with fewer than two clusterIPs each endpoint has one address, so none comes first";
        return Judged::NotApplicable(what.to_owned());
    }
    let backends = case.evidence.objects.backends_of(service);
    if !backends.is_empty() && backends.iter().all(|backend| backend.addresses.len() < 2) {
        return Judged::NotApplicable("no Ready pod behind the Service has two addresses".to_owned());
    }
    for (pod, proxy) in case.proxies(&mut findings, "first addresses") {
        let of = format!("{} for {}", pod.pod_ref(), case.service_name());
        let mut compared = false;
        for load in proxy.endpoints.iter().filter(|load| is_of(load, service)) {
            let comparable =
                |endpoint: &&LbEndpoint| endpoint.ips().len() > 1 || is_first_alone(endpoint, service, pod);
            for endpoint in load.endpoints.iter().filter(comparable) {
                let Some(first) = first_of_pod(endpoint, service, &backends) else { continue };
                let seen =
                    endpoint.addresses.first().map_or_else(|| "none".to_owned(), |address| address.ip.to_string());
                let subject = format!("first address of {} in {of}, {}", endpoint.ips(), load.cluster);
                let family = Some(IpFamily::of(&first));
                findings.equal(&subject, family, &first.to_string(), &seen, &load.place);
                compared = true;
            }
        }
        if !compared {
            // Whether there should be one is K11's question; here is only nothing to compare.
            let why = "no endpoint of several addresses belongs to a Ready pod: see K11";
            let place = format!("{}/config_dump.json", proxy.place);
            findings.lost(&format!("first addresses in {of}"), None, &"podIPs[0]", why, &place);
        }
    }
    findings.into()
}

fn is_of(load: &ClusterEndpoints, service: &Service) -> bool {
    ClusterName::parse(&load.cluster).is_some_and(|cluster| {
        service.ports.iter().any(|port| cluster.serves(&service.meta.namespace, &service.meta.name, port.port))
    })
}

/// Tells whether an endpoint is the proxy's own pod, known by its first address alone: K11 says how that comes, and that it may.
fn is_first_alone(endpoint: &LbEndpoint, service: &Service, pod: &Pod) -> bool {
    let ips = endpoint.ips();
    ips.len() == 1 && first_in(service, pod).is_some_and(|first| ips.contains(&first))
}

fn first_in(service: &Service, pod: &Pod) -> Option<IpAddr> {
    pod.ips.iter().copied().find(|address| service.families.contains(&IpFamily::of(address)))
}

/// Finds the pod that an endpoint stands for, and its first address in the Service's families.
fn first_of_pod(endpoint: &LbEndpoint, service: &Service, backends: &[Backend<'_>]) -> Option<IpAddr> {
    let backend = backends.iter().find(|backend| endpoint.ips().intersects(&backend.addresses))?;
    first_in(service, backend.pod)
}
