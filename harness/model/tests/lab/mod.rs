//! Evidence of a healthy dual-stack cluster, written out from what real dumps show, for checks to be green over.
//!
//! It is built without the functions of `truth`: what they compute is compared with what stands here.

mod baseline;
pub(crate) mod matrix;
mod netns;
mod proxies;
mod world;

pub(crate) use world::{CLIENT, MERGED, OLD, SERVER, SERVERS, World};

use std::collections::BTreeSet;
use std::net::IpAddr;

use dualproof_model::check::{self, Case, Judged};
use dualproof_model::evidence::{Evidence, Listener, Netns, Pod, PodRef, Proxy, Service, SocketAddress};
use dualproof_model::family::parse_ip;
use dualproof_model::spec::{Scenario, Shapes};
use dualproof_model::verdict::{Finding, Holds};

/// Parses an address of a test.
pub(crate) fn ip(text: &str) -> IpAddr {
    parse_ip(text).unwrap_or_else(|error| panic!("{error}"))
}

/// Joins address and port of a TCP listener.
pub(crate) fn socket(ip: IpAddr, port: u16) -> SocketAddress {
    SocketAddress { ip, port, protocol: Default::default() }
}

/// Runs one check.
pub(crate) fn judge(key: &str, evidence: &Evidence, scenario: &Scenario, shapes: &Shapes) -> Judged {
    let check = check::find(key).unwrap_or_else(|| panic!("no check {key}"));
    (check.judge)(&Case::new(evidence, scenario, Some(shapes)))
}

/// Runs one check and returns its findings; none where it does not apply.
pub(crate) fn findings(key: &str, evidence: &Evidence, scenario: &Scenario, shapes: &Shapes) -> Vec<Finding> {
    match judge(key, evidence, scenario, shapes) {
        Judged::Findings(findings) => findings,
        Judged::NotApplicable(_) => Vec::new(),
    }
}

/// Lists the keys of the checks that are red.
pub(crate) fn red(evidence: &Evidence, scenario: &Scenario, shapes: &Shapes) -> BTreeSet<&'static str> {
    let is_red = |key| findings(key, evidence, scenario, shapes).iter().any(|finding| finding.holds == Holds::No);
    check::all().iter().map(|check| check.key).filter(|key| is_red(key)).collect()
}

/// Finds the scenario's Service.
pub(crate) fn service(evidence: &mut Evidence) -> &mut Service {
    named(&mut evidence.objects.services, "tcp-echo", |service| &service.meta.name)
}

/// Finds a pod by its name.
pub(crate) fn pod<'a>(evidence: &'a mut Evidence, name: &str) -> &'a mut Pod {
    named(&mut evidence.objects.pods, name, |pod| &pod.meta.name)
}

/// Finds the proxy of a pod by the pod's name.
pub(crate) fn proxy<'a>(evidence: &'a mut Evidence, name: &str) -> &'a mut Proxy {
    named(&mut evidence.proxies, name, |proxy| &proxy.pod.name)
}

/// Finds the network namespace of a pod by the pod's name.
pub(crate) fn netns<'a>(evidence: &'a mut Evidence, name: &str) -> &'a mut Netns {
    named(&mut evidence.netns, name, |netns| &netns.pod.name)
}

/// Finds the listener of a proxy that has an address on a port.
pub(crate) fn listener<'a>(evidence: &'a mut Evidence, pod: &str, port: u16) -> &'a mut Listener {
    let listeners = proxy(evidence, pod).listeners.iter_mut();
    let mut fitting = listeners.filter(|listener| listener.addresses.iter().any(|address| address.port == port));
    fitting.next().unwrap_or_else(|| panic!("no listener on {port} in {pod}"))
}

/// Names a pod of the scenario.
pub(crate) fn pod_ref(namespace: &str, name: &str) -> PodRef {
    PodRef { namespace: namespace.to_owned(), name: name.to_owned() }
}

fn named<'a, T>(items: &'a mut [T], name: &str, key: impl Fn(&T) -> &String) -> &'a mut T {
    items.iter_mut().find(|item| key(item) == name).unwrap_or_else(|| panic!("nothing is called {name}"))
}
