//! K06: a proxy listens on every address of the Service.

use crate::check::{Case, Check, Judged};
use crate::evidence::{Direction, Listener, Origin, Pod, Protocol, Proxy, Service};
use crate::family::{AddressSet, IpFamily};
use crate::spec::Profile;
use crate::truth::{OutboundListener, families_of, outbound_listener};
use crate::verdict::{Findings, Layer};

pub(in crate::check) const OUTBOUND_LISTENER_COVERS_ALL_VIPS: Check = Check {
    key: "K06",
    slug: "outbound-listener-covers-all-vips",
    layer: Layer::Listener,
    profile: Profile::Core,
    title: "for each TCP port of the Service every proxy has one listener, on exactly the Service's clusterIPs, named by the first",
    why: "IPv6-first Services lost the listener of their IPv6 address in 1.24.0 to 1.24.5 and 1.25.0 to 1.25.2, and calls \
          were still answered through passthrough, without mTLS and policy (istio/istio#55577); additional addresses were \
          doubled (istio/istio#46633)",
    cure: "`istioctl proxy-config listeners POD -n NAMESPACE --port PORT -o json` beside `kubectl get service NAME -o \
           jsonpath='{.spec.clusterIPs}'`; ISTIO_DUAL_STACK must be true on istiod: without it only clusterIPs[0] has a \
           listener",
    needs_mesh: true,
    judge,
};

fn judge(case: &Case<'_>) -> Judged {
    if case.scenario.subject.is_none() {
        return Judged::NotApplicable("the scenario names no Service".to_owned());
    }
    let mut findings = Findings::new();
    let Some(service) = case.service_or_lost(&mut findings) else { return findings.into() };
    if service.headless {
        return Judged::NotApplicable("a headless Service has no clusterIP to listen on".to_owned());
    }
    let ports: Vec<u16> =
        service.ports.iter().filter(|port| port.protocol == "TCP" && !port.is_http()).map(|port| port.port).collect();
    if ports.is_empty() {
        return Judged::NotApplicable(
            "all ports are HTTP, which share wildcard listeners: K08 looks at those".to_owned(),
        );
    }
    for (pod, proxy) in case.proxies(&mut findings, "outbound listeners") {
        for port in &ports {
            compare(case, service, *port, pod, proxy, &mut findings);
        }
    }
    findings.into()
}

fn compare(case: &Case<'_>, service: &Service, port: u16, pod: &Pod, proxy: &Proxy, findings: &mut Findings) {
    // A proxy without the Service's families cannot reach it at all; that is no matter of listeners.
    let Some(expected) = outbound_listener(&service.cluster_ips, port, &families_of(&pod.ips)) else { return };
    let vips: AddressSet = service.cluster_ips.iter().copied().collect();
    let own: Vec<&Listener> = proxy
        .listeners
        .iter()
        .filter(|listener| {
            listener.active && listener.origin == Origin::Dynamic && listener.direction == Some(Direction::Outbound)
        })
        .filter(|listener| on_port(listener, port).intersects(&vips))
        .collect();
    let place = match own.as_slice() {
        [] => format!("{}/config_dump.json", proxy.place),
        own => own.iter().map(|listener| listener.place.as_str()).collect::<Vec<_>>().join(", "),
    };
    let of = format!("of {} for {}:{port}", pod.pod_ref(), case.service_name());
    let seen: AddressSet = own.iter().flat_map(|listener| addresses(listener, port)).collect();
    findings.sets(&format!("outbound listener addresses {of}"), &expected.addresses, &seen, &place);
    findings.equal(&format!("number of outbound listeners {of}"), None, &1, &own.len(), &place);
    if let [only] = own.as_slice() {
        identity(&expected, only, &of, &place, findings);
    }
}

/// States name and first address: the only part of the order that Istio promises.
fn identity(expected: &OutboundListener, seen: &Listener, of: &str, place: &str, findings: &mut Findings) {
    let family = Some(IpFamily::of(&expected.first));
    findings.equal(&format!("name of the outbound listener {of}"), family, &expected.name, &seen.name, place);
    let first = seen.addresses.first().map_or_else(|| "none".to_owned(), |address| address.ip.to_string());
    let subject = format!("first address of the outbound listener {of}");
    findings.equal(&subject, family, &expected.first.to_string(), &first, place);
}

fn on_port(listener: &Listener, port: u16) -> AddressSet {
    addresses(listener, port).collect()
}

fn addresses(listener: &Listener, port: u16) -> impl Iterator<Item = std::net::IpAddr> {
    listener
        .addresses
        .iter()
        .filter(move |address| address.port == port && address.protocol == Protocol::Tcp)
        .map(|address| address.ip)
}
