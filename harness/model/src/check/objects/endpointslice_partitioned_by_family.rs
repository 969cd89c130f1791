//! K43: each family of the Service has its own EndpointSlices, and they hold the Ready pods.

use std::collections::BTreeSet;
use std::fmt;

use crate::check::{Case, Check, Judged};
use crate::evidence::{EndpointSlice, PodRef, Service};
use crate::family::{AddressSet, IpFamily};
use crate::spec::Profile;
use crate::verdict::{Findings, Layer};

pub(in crate::check) const ENDPOINTSLICE_PARTITIONED_BY_FAMILY: Check = Check {
    key: "K43",
    slug: "endpointslice-partitioned-by-family",
    layer: Layer::Objects,
    profile: Profile::Core,
    title: "for each family of the Service its EndpointSlices hold the podIPs of that family of all Ready pods, and no others",
    why: "an IPv6 Service's slice held IPv4 addresses (kubernetes/kubernetes#94505, kubernetes/kubernetes#94673); pods that \
          turned dual-stack were missed (kubernetes/kubernetes#91399); one family kept the addresses of deleted pods \
          (kubernetes/kubernetes#90186)",
    cure: "`kubectl get endpointslices -n NAMESPACE -l kubernetes.io/service-name=NAME -o yaml` beside `kubectl get pods -n \
           NAMESPACE -o jsonpath='{.items[*].status.podIPs}'`; a slice that nobody but a person manages has no label \
           endpointslice.kubernetes.io/managed-by; look at the log of kube-controller-manager",
    needs_mesh: false,
    judge,
};

const SLICES: &str = "objects/endpointslices.json";
const PODS: &str = "objects/pods.json";

fn judge(case: &Case<'_>) -> Judged {
    if case.scenario.subject.is_none() {
        return Judged::NotApplicable("the scenario names no Service".to_owned());
    }
    let mut findings = Findings::new();
    let Some(service) = case.service_or_lost(&mut findings) else { return findings.into() };
    let objects = &case.evidence.objects;
    let name = case.service_name();
    if objects.endpoint_slices.is_empty() {
        let subject = format!("EndpointSlices of {name}");
        findings.lost(&subject, None, &"slices for each family", &case.why_missing(SLICES), SLICES);
        return findings.into();
    }
    let backends = objects.backends_of(service);
    if backends.is_empty() && !service.selector.is_empty() {
        let why = if objects.pods.is_empty() { case.why_missing(PODS) } else { "no pod behind it is Ready".to_owned() };
        findings.lost(&format!("Ready pods of {name}"), None, &"at least one", &why, PODS);
    }
    for slice in objects.slices_of(service) {
        addresses_of_own_family(slice, &mut findings);
    }
    // Without a selector the backends are the pods that any slice names. Where none names one, the addresses are their
    // author's and there is nothing to hold them against.
    if backends.is_empty() {
        return findings.into();
    }
    for family in IpFamily::BOTH.into_iter().filter(|family| service.families.contains(family)) {
        let slices: Vec<&EndpointSlice> =
            objects.slices_of(service).filter(|slice| slice.family == Some(family)).collect();
        let place = place_of(&slices);
        let ready = || slices.iter().flat_map(|slice| &slice.endpoints).filter(|endpoint| endpoint.ready);
        let owed: AddressSet = backends.iter().flat_map(|backend| backend.addresses.iter().copied()).collect();
        let owed = owed.of_family(family);
        let held: AddressSet = ready().flat_map(|endpoint| &endpoint.addresses).copied().collect();
        let subject = format!("ready addresses in the {family} slices of {name}");
        findings.push(&subject, Some(family), &owed, &held, owed == held, &place);
        let owed = Pods(
            backends
                .iter()
                .filter(|backend| !backend.addresses.of_family(family).is_empty())
                .map(|backend| backend.pod.pod_ref())
                .collect(),
        );
        let held = Pods(ready().filter_map(|endpoint| endpoint.pod.clone()).collect());
        findings.equal(&format!("ready pods in the {family} slices of {name}"), Some(family), &owed, &held, &place);
        ports(&name, service, family, &slices, &mut findings);
    }
    findings.into()
}

fn addresses_of_own_family(slice: &EndpointSlice, findings: &mut Findings) {
    let Some(family) = slice.family else { return };
    let addresses: AddressSet = slice.endpoints.iter().flat_map(|endpoint| &endpoint.addresses).copied().collect();
    let strangers = addresses.of_family(family.other());
    let subject = format!("addresses in {}/{} that are not {family}", slice.meta.namespace, slice.meta.name);
    let place = &slice.meta.place;
    findings.push(&subject, Some(family), &AddressSet::default(), &strangers, strangers.is_empty(), place);
}

/// States that each slice with endpoints has as many ports as the Service. Their numbers are the pods' and may differ from
/// the Service's, so only the count can be held against it.
fn ports(name: &str, service: &Service, family: IpFamily, slices: &[&EndpointSlice], findings: &mut Findings) {
    for slice in slices.iter().filter(|slice| !slice.endpoints.is_empty()) {
        let subject = format!("ports in the {family} slice {} of {name}", slice.meta.name);
        findings.equal(&subject, Some(family), &service.ports.len(), &slice.ports.len(), &slice.meta.place);
    }
}

fn place_of(slices: &[&EndpointSlice]) -> String {
    if slices.is_empty() {
        return SLICES.to_owned();
    }
    slices.iter().map(|slice| slice.meta.place.as_str()).collect::<Vec<_>>().join(", ")
}

#[derive(PartialEq)]
struct Pods(BTreeSet<PodRef>);

impl fmt::Display for Pods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        let names: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&names.join(", "))
    }
}
