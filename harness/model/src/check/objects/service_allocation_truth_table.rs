//! K42: the stored Service is one that the API server's own table allows.

use crate::check::{Case, Check, Judged};
use crate::evidence::Service;
use crate::family::{AddressSet, IpFamily};
use crate::spec::Profile;
use crate::truth::{allocation, cluster_families};
use crate::verdict::{Findings, Layer};

pub(in crate::check) const SERVICE_ALLOCATION_TRUTH_TABLE: Check = Check {
    key: "K42",
    slug: "service-allocation-truth-table",
    layer: Layer::Objects,
    profile: Profile::Core,
    title: "the stored Service has as many families and clusterIPs as its policy gives in this cluster, each of its family",
    why: "IPv4 Services got IPv6 addresses where the range was IPv6-first (kubernetes/kubernetes#89610); any edit changed \
          the addresses of PreferDualStack Services (kubernetes/kubernetes#101681); headless Services without a selector \
          follow a rule of their own (kubernetes/kubernetes#118897)",
    cure: "the API server stored it so: `kubectl get service NAME -n NAMESPACE -o yaml`, then its --service-cluster-ip-range \
           (`kubectl -n kube-system get pod -l component=kube-apiserver -o yaml`) and any webhook that rewrites Services",
    needs_mesh: false,
    judge,
};

const NODES: &str = "objects/nodes.json";

fn judge(case: &Case<'_>) -> Judged {
    if case.scenario.subject.is_none() {
        return Judged::NotApplicable("the scenario names no Service".to_owned());
    }
    let mut findings = Findings::new();
    let Some(service) = case.service_or_lost(&mut findings) else { return findings.into() };
    let Some(policy) = service.policy else {
        return Judged::NotApplicable(format!(
            "{} is of type {} and has no families",
            case.service_name(),
            service.kind
        ));
    };
    let name = case.service_name();
    let cluster = cluster_families(&case.evidence.objects).len();
    if cluster == 0 {
        let why = case.why_missing(NODES);
        findings.lost(&format!("families for {name}"), None, &"the families of the cluster", &why, NODES);
        return findings.into();
    }
    let subject = format!("ipFamilies of {name} under {policy} in a cluster of {cluster}");
    match allocation(policy, service.headless, !service.selector.is_empty(), cluster) {
        None => {
            let seen = format!("it is stored with {}", service.families.len());
            findings.push(&subject, None, &"a refusal by the API server", &seen, false, &service.meta.place);
        }
        Some(expected) => {
            findings.equal(&subject, None, &expected.families, &service.families.len(), &service.meta.place);
            let subject = format!("number of clusterIPs of {name}");
            findings.equal(&subject, None, &expected.cluster_ips, &service.cluster_ips.len(), &service.meta.place);
        }
    }
    if service.headless {
        headless(&name, service, &mut findings)
    } else {
        addresses(&name, service, &mut findings)
    }
    findings.into()
}

/// States for each family of the Service that the clusterIP at the same place is of it, and that `clusterIP` is the first.
fn addresses(name: &str, service: &Service, findings: &mut Findings) {
    for (position, family) in service.families.iter().enumerate() {
        let subject = format!("clusterIPs[{position}] of {name}");
        let address = service.cluster_ips.get(position);
        let seen =
            address.map_or_else(|| "none".to_owned(), |address| format!("{address} ({})", IpFamily::of(address)));
        let agree = address.is_some_and(|address| IpFamily::of(address) == *family);
        let expected = format!("an address of {family}");
        findings.push(&subject, Some(*family), &expected, &seen, agree, &service.meta.place);
    }
    let distinct: AddressSet = service.cluster_ips.iter().copied().collect();
    let subject = format!("distinct clusterIPs of {name}");
    findings.equal(&subject, None, &service.cluster_ips.len(), &distinct.len(), &service.meta.place);
    let show = |address: Option<&std::net::IpAddr>| address.map_or_else(|| "none".to_owned(), ToString::to_string);
    let (first, single) = (show(service.cluster_ips.first()), show(service.cluster_ip.as_ref()));
    findings.equal(&format!("clusterIP of {name}"), None, &first, &single, &service.meta.place);
}

/// States for each family of a headless Service that it stands there once, and that there is no `clusterIP`.
fn headless(name: &str, service: &Service, findings: &mut Findings) {
    for family in IpFamily::BOTH.into_iter().filter(|family| service.families.contains(family)) {
        let times = service.families.iter().filter(|known| **known == family).count();
        let subject = format!("{family} in ipFamilies of headless {name}");
        findings.equal(&subject, Some(family), &1, &times, &service.meta.place);
    }
    let seen = service.cluster_ip.map_or_else(|| "None".to_owned(), |address| address.to_string());
    findings.equal(&format!("clusterIP of headless {name}"), None, &"None".to_owned(), &seen, &service.meta.place);
}
