//! K13: the Service has the families that the scenario claims, no fewer and no more.
//!
//! In the catalogue of bugs this is `single-stack-stays-single`. It is widened to both directions: a SingleStack Service that
//! gained a family and a dual-stack one that lost one are the same broken claim.

use crate::check::{Case, Check, Judged};
use crate::evidence::{ClusterName, Proxy, Service};
use crate::family::{AddressSet, IpFamily};
use crate::spec::{Claim, MatrixTarget, Profile};
use crate::truth::{families_of, rank};
use crate::verdict::{Findings, Layer};

pub(in crate::check) const SERVICE_FAMILIES_AS_CLAIMED: Check = Check {
    key: "K13",
    slug: "service-families-as-claimed",
    layer: Layer::Objects,
    profile: Profile::Core,
    title: "the live Service has the claimed policy and families in their order, and no address of another family behind it",
    why: "the first merged endpoints gave SingleStack Services all podIPs (istio/istio#51279); a load balancer announced \
          IPv6 for an IPv4 Service (k3s-io/k3s#6978); dual-stack tests were green over Services that were single-stack \
          (istio/istio#51872)",
    cure: "`kubectl get service NAME -n NAMESPACE -o yaml`: compare ipFamilyPolicy, ipFamilies and clusterIPs with the \
           scenario's claim; then `kubectl get endpointslices -l kubernetes.io/service-name=NAME`, and `istioctl \
           proxy-config eds POD` for the cluster that holds the foreign address",
    needs_mesh: false,
    judge,
};

const SERVICES: &str = "objects/services.json";

fn judge(case: &Case<'_>) -> Judged {
    if let Some(matrix) = &case.scenario.matrix {
        return targets(case, &matrix.targets);
    }
    let Some(subject) = &case.scenario.subject else {
        return Judged::NotApplicable("the scenario names no Service".to_owned());
    };
    let mut findings = Findings::new();
    let Some(service) = case.service_or_lost(&mut findings) else { return findings.into() };
    spec(case, service, &subject.claim, &mut findings);
    for foreign in IpFamily::BOTH.into_iter().filter(|family| !subject.claim.ip_families.contains(family)) {
        slices(case, service, foreign, &mut findings);
        if case.pods().iter().any(|pod| pod.is_meshed()) {
            for (pod, proxy) in case.proxies(&mut findings, "endpoints") {
                let subject = format!("{foreign} endpoints of {} for {}", pod.pod_ref(), case.service_name());
                let (seen, place) = endpoints(proxy, service, foreign);
                findings.push(&subject, Some(foreign), &AddressSet::default(), &seen, seen.is_empty(), &place);
            }
        }
    }
    findings.into()
}

/// Holds each target of a call matrix to its kind. What comes of its addresses is for the calls to show.
fn targets(case: &Case<'_>, targets: &[MatrixTarget]) -> Judged {
    let mut findings = Findings::new();
    for MatrixTarget { namespace, service: name, kind, .. } in targets {
        let Some(service) = case.evidence.objects.service(namespace, name) else {
            let why = case.why_missing(SERVICES);
            findings.lost(&format!("Service {namespace}/{name}"), None, &kind, &why, SERVICES);
            continue;
        };
        let place = &service.meta.place;
        for family in kind.families().unwrap_or_default() {
            let seen = rank(&service.families, *family);
            let subject = format!("ipFamilies of {namespace}/{name}");
            findings.push(&subject, Some(*family), &"present", &seen, service.families.contains(family), place);
        }
        let families: Vec<String> = service.families.iter().map(ToString::to_string).collect();
        let policy = service.policy.map_or_else(|| "none".to_owned(), |policy| policy.to_string());
        let headless = if service.headless { ", headless" } else { "" };
        let seen = format!("{policy} {}{headless}", families.join(","));
        findings.push(&format!("kind of {namespace}/{name}"), None, kind, &seen, kind.fits(service), place);
    }
    findings.into()
}

fn spec(case: &Case<'_>, service: &Service, claim: &Claim, findings: &mut Findings) {
    let (name, place) = (case.service_name(), service.meta.place.as_str());
    let policy = service.policy.map_or_else(|| "none".to_owned(), |policy| policy.to_string());
    findings.equal(&format!("ipFamilyPolicy of {name}"), None, &claim.ip_family_policy.to_string(), &policy, place);
    let held = families_of(&service.cluster_ips);
    for family in IpFamily::BOTH {
        let (claimed, live) = (rank(&claim.ip_families, family), rank(&service.families, family));
        findings.equal(&format!("ipFamilies of {name}"), Some(family), &claimed, &live, place);
        // Their order is the API server's affair: K42 holds clusterIPs against ipFamilies.
        if !service.headless {
            let word = |present: bool| if present { "present" } else { "absent" };
            let claimed = word(claim.ip_families.contains(&family));
            let live = word(held.contains(&family));
            findings.equal(&format!("clusterIPs of {name}"), Some(family), &claimed, &live, place);
        }
    }
}

fn slices(case: &Case<'_>, service: &Service, foreign: IpFamily, findings: &mut Findings) {
    let mut seen = AddressSet::default();
    let mut places = Vec::new();
    for slice in case.evidence.objects.slices_of(service) {
        let addresses: AddressSet = slice.endpoints.iter().flat_map(|endpoint| &endpoint.addresses).copied().collect();
        let strangers = addresses.of_family(foreign);
        if !strangers.is_empty() {
            strangers.iter().for_each(|address| seen.insert(*address));
            places.push(slice.meta.place.as_str());
        }
    }
    let place = if places.is_empty() { "objects/endpointslices.json".to_owned() } else { places.join(", ") };
    let subject = format!("{foreign} addresses in EndpointSlices of {}", case.service_name());
    findings.push(&subject, Some(foreign), &AddressSet::default(), &seen, seen.is_empty(), &place);
}

fn endpoints(proxy: &Proxy, service: &Service, foreign: IpFamily) -> (AddressSet, String) {
    let mut seen = AddressSet::default();
    let mut places = Vec::new();
    for load in &proxy.endpoints {
        let is_own = ClusterName::parse(&load.cluster).is_some_and(|cluster| {
            service.ports.iter().any(|port| cluster.serves(&service.meta.namespace, &service.meta.name, port.port))
        });
        let strangers: AddressSet = match is_own {
            true => load.endpoints.iter().flat_map(|endpoint| &endpoint.addresses).map(|address| address.ip).collect(),
            false => AddressSet::default(),
        };
        let strangers = strangers.of_family(foreign);
        if !strangers.is_empty() {
            strangers.iter().for_each(|address| seen.insert(*address));
            places.push(load.place.as_str());
        }
    }
    let place = if places.is_empty() { format!("{}/config_dump.json", proxy.place) } else { places.join(", ") };
    (seen, place)
}
