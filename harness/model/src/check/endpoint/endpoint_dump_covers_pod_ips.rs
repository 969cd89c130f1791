//! K11: a proxy knows every address of every Ready pod behind the Service, each pod in the shape of its version.

use std::fmt;
use std::net::IpAddr;

use crate::check::{Case, Check, Judged};
use crate::evidence::{ClusterEndpoints, ClusterName, LbEndpoint, Pod, Proxy, Service};
use crate::family::{AddressSet, IpFamily};
use crate::spec::{Profile, Shapes};
use crate::truth::{endpoint_addresses, endpoint_groups, withdrawn_addresses};
use crate::verdict::{Findings, Layer};

pub(in crate::check) const ENDPOINT_DUMP_COVERS_POD_IPS: Check = Check {
    key: "K11",
    slug: "endpoint-dump-covers-pod-ips",
    layer: Layer::Endpoint,
    profile: Profile::Core,
    title: "each proxy's endpoints for the Service are the podIPs of its families of all Ready pods, grouped as the version does",
    why: "one address for each endpoint meant that everything went over IPv4 (istio/istio#51279); two endpoints for one pod \
          doubled its weight (istio/istio#52104); slices of both families overwrote each other (linkerd/linkerd2#12428)",
    cure: "`istioctl proxy-config eds POD -n NAMESPACE` beside `kubectl get endpointslices` (proxy-config endpoints shows \
           first addresses only). Envoy never changes the additional addresses of a host whose first address stays: after \
           a change of ISTIO_DUAL_STACK or of the Service's families, and where a proxy asked before istiod knew the \
           pod's second address, one address stays for good; compare istiod's /debug/endpointz and restart that pod",
    needs_mesh: true,
    judge,
};

const PODS: &str = "objects/pods.json";

fn judge(case: &Case<'_>) -> Judged {
    if case.scenario.subject.is_none() {
        return Judged::NotApplicable("the scenario names no Service".to_owned());
    }
    let mut findings = Findings::new();
    let Some(service) = case.service_or_lost(&mut findings) else { return findings.into() };
    if service.headless {
        return Judged::NotApplicable("a headless Service has no load-balanced endpoints".to_owned());
    }
    let Some(shapes) = case.shapes else {
        let why = "the version is not known";
        findings.lost("endpoint groups", None, &"the shapes of the version", why, "bundle.yaml");
        return findings.into();
    };
    if endpoint_addresses(&case.evidence.objects, service).is_empty() {
        let missing = case.evidence.objects.pods.is_empty();
        let why = if missing { case.why_missing(PODS) } else { "no pod behind it is Ready".to_owned() };
        findings.lost(&format!("Ready pods of {}", case.service_name()), None, &"at least one", &why, PODS);
        return findings.into();
    }
    for (pod, proxy) in case.proxies(&mut findings, "endpoints") {
        for port in service.ports.iter().filter(|port| port.protocol == "TCP") {
            compare(case, shapes, service, port.port, pod, proxy, &mut findings);
        }
    }
    findings.into()
}

fn compare(
    case: &Case<'_>,
    shapes: &Shapes,
    service: &Service,
    port: u16,
    pod: &Pod,
    proxy: &Proxy,
    findings: &mut Findings,
) {
    let own: Vec<&ClusterEndpoints> = proxy
        .endpoints
        .iter()
        .filter(|load| {
            ClusterName::parse(&load.cluster)
                .is_some_and(|cluster| cluster.serves(&service.meta.namespace, &service.meta.name, port))
        })
        .collect();
    let place = match own.as_slice() {
        [] => format!("{}/config_dump.json", proxy.place),
        own => own.iter().map(|load| load.place.as_str()).collect::<Vec<_>>().join(", "),
    };
    let of = format!("of {} for {}:{port}", pod.pod_ref(), case.service_name());
    let objects = &case.evidence.objects;
    let withdrawn = withdrawn_addresses(objects, service);
    let endpoints: Vec<&LbEndpoint> = own
        .iter()
        .flat_map(|load| &load.endpoints)
        .filter(|endpoint| endpoint.health == "HEALTHY" || !endpoint.ips().minus(&withdrawn).is_empty())
        .collect();
    // A family that the Service does not have is K13's: each fault has one home.
    let mut groups: Vec<AddressSet> = endpoints
        .iter()
        .map(|endpoint| {
            endpoint.ips().iter().copied().filter(|ip| service.families.contains(&IpFamily::of(ip))).collect()
        })
        .filter(|group: &AddressSet| !group.is_empty())
        .collect();
    let expected = endpoint_groups(objects, service, shapes.endpoints);
    if let Some((whole, first)) = own_pod_alone(service, pod, &expected, &mut groups) {
        let wanted = format!("{whole}, or {first} alone, which Envoy then keeps");
        findings.push(&format!("endpoint {of} of the proxy's own pod"), None, &wanted, &first, true, &place);
    }
    groups.sort();
    let union: AddressSet = groups.iter().flat_map(AddressSet::iter).copied().collect();
    findings.sets(&format!("endpoint addresses {of}"), &endpoint_addresses(objects, service), &union, &place);
    let expected = Groups(expected);
    findings.equal(&format!("endpoint groups {of}"), None, &expected, &Groups(groups), &place);
    let sick: Vec<String> = endpoints
        .iter()
        .filter(|endpoint| endpoint.health != "HEALTHY")
        .map(|endpoint| format!("{} {}", endpoint.ips(), endpoint.health))
        .collect();
    let seen = if sick.is_empty() { "none".to_owned() } else { sick.join(", ") };
    findings.push(&format!("endpoints {of} that are not HEALTHY"), None, &"none", &seen, sick.is_empty(), &place);
}

/// Completes the endpoint of the proxy's own pod where it has the pod's first address alone; returns what is owed and what
/// stood there.
///
/// A proxy that connects before istiod has seen its pod's second address is told of itself with one address, and Envoy never
/// adds the other to a host whose first address stays (seen on a real IPv6-first cluster, once in ten deployments). Nobody
/// but the pod itself is affected, and only when it calls its own Service; every other proxy is held to both addresses.
fn own_pod_alone(
    service: &Service,
    pod: &Pod,
    expected: &[AddressSet],
    groups: &mut [AddressSet],
) -> Option<(AddressSet, AddressSet)> {
    let in_service = |address: &&IpAddr| service.families.contains(&IpFamily::of(address));
    let whole: AddressSet = pod.ips.iter().filter(in_service).copied().collect();
    let first: AddressSet = pod.ips.iter().find(in_service).copied().into_iter().collect();
    if whole == first || !expected.contains(&whole) || groups.contains(&whole) {
        return None;
    }
    let alone = groups.iter_mut().find(|group| **group == first)?;
    *alone = whole.clone();
    Some((whole, first))
}

#[derive(PartialEq)]
struct Groups(Vec<AddressSet>);

impl fmt::Display for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        let groups: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&groups.join(" and "))
    }
}
