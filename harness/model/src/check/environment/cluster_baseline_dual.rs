//! K41: the cluster is dual-stack before any mesh is blamed.

use std::net::IpAddr;

use crate::check::{Case, Check, Judged, reply};
use crate::evidence::{AddressKind, Call, CallOutcome, CallStage, DnsQuestion, Pod, Service};
use crate::family::{AddressSet, IpFamily, parse_ip};
use crate::spec::Profile;
use crate::truth::{Baseline, Probe, baseline, families_of, rank};
use crate::verdict::{Findings, Layer};

pub(in crate::check) const CLUSTER_BASELINE_DUAL: Check = Check {
    key: "K41",
    slug: "cluster-baseline-dual",
    layer: Layer::Environment,
    profile: Profile::Core,
    title: "nodes, pods, Services and DNS have both families in the order that was asked for, and both carry traffic",
    why: "kind turned a misspelt ipFamily into an IPv4 cluster without a word (kubernetes-sigs/kind#3483) and mistook the \
          order (kubernetes-sigs/kind#2558); nodes and hostNetwork pods had one address (kubernetes/kubernetes#100675, \
          kubernetes/kubernetes#91940); IPv6 between nodes was dead while IPv4 worked (projectcalico/calico#6877); only the \
          first clusterIP had a record (coredns/coredns#4339)",
    cure: "the cluster is at fault, not the mesh: `kubectl get nodes -o yaml` shows podCIDRs and InternalIPs; `docker \
           network inspect kind` must say EnableIPv6 true (remove an old network `kind` without IPv6); for lost calls look \
           at `ip -6 route` on the nodes and at the network plugin's and kube-proxy's logs; for DNS at CoreDNS",
    needs_mesh: false,
    judge,
};

const NODES: &str = "objects/nodes.json";
const PODS: &str = "objects/pods.json";
const SERVICES: &str = "objects/services.json";

fn judge(case: &Case<'_>) -> Judged {
    let mut findings = Findings::new();
    let order = case.evidence.manifest.cell.order.families();
    nodes(case, order, &mut findings);
    pods(case, order, &mut findings);
    for (name, ordered) in [(Baseline::PREFER, true), (Baseline::REQUIRE, false)] {
        match case.evidence.objects.service(Baseline::NAMESPACE, name) {
            Some(service) => cluster_ips(service, order, ordered, &mut findings),
            None => {
                let subject = format!("clusterIPs of {}/{name}", Baseline::NAMESPACE);
                findings.lost(&subject, None, &"both families", &case.why_missing(SERVICES), SERVICES);
            }
        }
    }
    calls(case, &mut findings);
    dns(case, order, &mut findings);
    findings.into()
}

fn nodes(case: &Case<'_>, order: &[IpFamily], findings: &mut Findings) {
    let nodes = &case.evidence.objects.nodes;
    if nodes.is_empty() {
        findings.lost("nodes", None, &"at least one node", &case.why_missing(NODES), NODES);
    }
    for node in nodes {
        let cidrs: Vec<IpAddr> = node.pod_cidrs.iter().map(ipnet::IpNet::addr).collect();
        for (what, addresses) in [("InternalIPs", &node.internal_ips), ("podCIDRs", &cidrs)] {
            ordered(&format!("{what} of node {}", node.meta.name), order, addresses, &node.meta.place, findings);
        }
    }
}

fn pods(case: &Case<'_>, order: &[IpFamily], findings: &mut Findings) {
    let objects = &case.evidence.objects;
    let (host, own): (Vec<&Pod>, Vec<&Pod>) = objects.pods_in(Baseline::NAMESPACE).partition(|pod| pod.host_network);
    if own.is_empty() {
        let subject = format!("pods of {}", Baseline::NAMESPACE);
        findings.lost(&subject, None, &"at least one pod", &case.why_missing(PODS), PODS);
    }
    for pod in own {
        ordered(&format!("podIPs of {}", pod.pod_ref()), order, &pod.ips, &pod.meta.place, findings);
    }
    let elsewhere = objects
        .pods
        .iter()
        .filter(|pod| pod.host_network && !pod.terminating && pod.meta.namespace != Baseline::NAMESPACE);
    for pod in host.into_iter().chain(elsewhere) {
        present(&format!("podIPs of hostNetwork pod {}", pod.pod_ref()), order, &pod.ips, &pod.meta.place, findings);
    }
}

fn cluster_ips(service: &Service, order: &[IpFamily], is_ordered: bool, findings: &mut Findings) {
    let subject = format!("clusterIPs of {}/{}", service.meta.namespace, service.meta.name);
    let state = if is_ordered { ordered } else { present };
    state(&subject, order, &service.cluster_ips, &service.meta.place, findings);
}

fn calls(case: &Case<'_>, findings: &mut Findings) {
    let owed = baseline(&case.evidence.objects);
    if owed.is_empty() {
        findings.lost("baseline calls", None, &"clients and echo pods", &case.why_missing(PODS), PODS);
    }
    for probe in owed {
        let family = Some(IpFamily::of(&probe.address));
        let subject = format!("call from {} to {} at {}", probe.client, probe.target, probe.address);
        let mut made = case.evidence.calls.iter().filter(|call| is_made_for(call, &probe)).peekable();
        if made.peek().is_none() {
            findings.lost(&subject, family, &"a reply", &case.why_missing("calls.jsonl"), "calls.jsonl");
        }
        for call in made {
            let place = format!("calls.jsonl#{}", call.id);
            reply::compare(&subject, family, call, call.reply.as_deref(), &place, findings);
        }
    }
}

fn is_made_for(call: &Call, probe: &Probe) -> bool {
    call.stage == CallStage::Baseline
        && call.client == probe.client
        && call.address_kind == probe.kind
        && parse_ip(&call.address).is_ok_and(|address| address == probe.address)
        && (probe.kind == AddressKind::PodIp || call.target.name == probe.target)
}

fn dns(case: &Case<'_>, order: &[IpFamily], findings: &mut Findings) {
    let Some(service) = case.evidence.objects.service(Baseline::NAMESPACE, Baseline::REQUIRE) else { return };
    for family in order.iter().copied() {
        let expected = service.cluster_ips.iter().copied().collect::<AddressSet>().of_family(family);
        let mut asked = case.evidence.dns.iter().filter(|question| is_asked_for(question, family)).peekable();
        if asked.peek().is_none() {
            let subject = format!("{} of {}/{}", family.record_type(), Baseline::NAMESPACE, Baseline::REQUIRE);
            findings.lost(&subject, Some(family), &expected, &case.why_missing("dns.jsonl"), "dns.jsonl");
        }
        for question in asked {
            let subject = format!("{} of {} asked by {}", family.record_type(), question.name, question.client);
            let place = format!("dns.jsonl#{}", question.id);
            if let CallOutcome::Lost(why) = &question.outcome {
                findings.lost(&subject, Some(family), &expected, why, &place);
                continue;
            }
            let seen = question.answers.iter().copied().collect::<AddressSet>();
            findings.push(&subject, Some(family), &expected, &seen, expected == seen, &place);
        }
    }
}

fn is_asked_for(question: &DnsQuestion, family: IpFamily) -> bool {
    question.family == family
        && question.target.namespace == Baseline::NAMESPACE
        && question.target.name == Baseline::REQUIRE
}

/// States for each family at which place it stands in a list of addresses.
fn ordered(subject: &str, order: &[IpFamily], addresses: &[IpAddr], place: &str, findings: &mut Findings) {
    let seen = families_of(addresses);
    for family in IpFamily::BOTH {
        findings.equal(subject, Some(family), &rank(order, family), &rank(&seen, family), place);
    }
}

/// States for each family whether it is in a list of addresses, at whatever place.
fn present(subject: &str, order: &[IpFamily], addresses: &[IpAddr], place: &str, findings: &mut Findings) {
    let seen = families_of(addresses);
    for family in IpFamily::BOTH {
        let word = |families: &[IpFamily]| if families.contains(&family) { "present" } else { "absent" };
        findings.equal(subject, Some(family), &word(order), &word(&seen), place);
    }
}
