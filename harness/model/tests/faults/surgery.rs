//! Where a fault cuts.

use dualproof_model::evidence::{
    Call, CallStage, Cluster, Evidence, LbEndpoint, ProxySync, Rule, RuleSet, SocketAddress,
};
use dualproof_model::family::IpFamily;

use crate::lab::{SERVER, ip, netns, proxy};

pub(super) fn own_endpoints<'a>(evidence: &'a mut Evidence, pod: &str, port: u16) -> &'a mut Vec<LbEndpoint> {
    let name = format!("outbound|{port}||tcp-echo.servers.svc.cluster.local");
    let mut loads = proxy(evidence, pod).endpoints.iter_mut();
    &mut loads.find(|load| load.cluster == name).unwrap_or_else(|| panic!("no {name}")).endpoints
}

pub(super) fn own_cluster<'a>(evidence: &'a mut Evidence, name: &str) -> &'a mut Cluster {
    let mut clusters = proxy(evidence, SERVER).clusters.iter_mut();
    clusters.find(|cluster| cluster.name == name).unwrap_or_else(|| panic!("no {name}"))
}

pub(super) fn seed_call(evidence: &mut Evidence) -> &mut Call {
    let mut calls = evidence.calls.iter_mut();
    calls.find(|call| call.stage == CallStage::Mesh).unwrap_or_else(|| panic!("no call"))
}

pub(super) fn synced(evidence: &mut Evidence) -> &mut ProxySync {
    evidence.sync.as_mut().map(|sync| &mut sync.proxies[0]).unwrap_or_else(|| panic!("no sync"))
}

pub(super) fn split(endpoints: &mut Vec<LbEndpoint>) {
    *endpoints = endpoints
        .iter()
        .flat_map(|endpoint| {
            let one = |address| LbEndpoint { addresses: vec![address], ..endpoint.clone() };
            endpoint.addresses.iter().copied().map(one).collect::<Vec<_>>()
        })
        .collect();
}

/// Takes one family's wildcard from a listener, in the configuration and in what Envoy reports.
pub(super) fn drop_wildcard(evidence: &mut Evidence, pod: &str, name: &str, family: IpFamily) {
    let proxy = proxy(evidence, pod);
    let keep = |address: &SocketAddress| IpFamily::of(&address.ip) != family;
    let configured = proxy.listeners.iter_mut().filter(|listener| listener.name == name);
    configured.for_each(|listener| listener.addresses.retain(keep));
    let reported = proxy.listener_statuses.iter_mut().filter(|status| status.name == name);
    reported.for_each(|status| status.addresses.retain(keep));
}

pub(super) fn no_redirect(evidence: &mut Evidence, pod: &str) {
    if let Some(log) = &mut proxy(evidence, pod).redirect {
        log.inbound_ipv6 = Some(false);
    }
}

pub(super) fn rules<'a>(evidence: &'a mut Evidence, pod: &str, family: IpFamily) -> &'a mut RuleSet {
    netns(evidence, pod).rules.get_mut(family).as_mut().unwrap_or_else(|| panic!("no rules of {family}"))
}

pub(super) fn chain<'a>(evidence: &'a mut Evidence, pod: &str, family: IpFamily, name: &str) -> &'a mut Vec<Rule> {
    let mut chains = rules(evidence, pod, family).tables.iter_mut().flat_map(|table| &mut table.chains);
    &mut chains.find(|chain| chain.name == name).unwrap_or_else(|| panic!("no {name}")).rules
}

/// Closes the sockets of a family on a port.
pub(super) fn close(evidence: &mut Evidence, pod: &str, family: IpFamily, port: u16) {
    let sockets = netns(evidence, pod).sockets.get_mut(family).as_mut().unwrap_or_else(|| panic!("no sockets"));
    let before = sockets.len();
    sockets.retain(|socket| socket.address.port() != port);
    assert!(sockets.len() < before, "nobody listens on {port} over {family}");
}

/// Takes `::6` from `lo`.
pub(super) fn no_source(evidence: &mut Evidence, pod: &str) {
    for interface in netns(evidence, pod).interfaces.iter_mut().flatten() {
        interface.addresses.retain(|address| address.addr() != ip("::6"));
    }
}
