//! K08: where a proxy listens for all, it listens in both families.

use crate::check::{Case, Check, Judged};
use crate::evidence::{Direction, Listener, Origin, Pod, Proxy};
use crate::family::{AddressSet, split_listener_name};
use crate::spec::{Profile, Shapes};
use crate::truth::{INBOUND, INFRA_PORTS, OUTBOUND, families_of, infra_wildcards, wildcards};
use crate::verdict::{Findings, Layer};

pub(in crate::check) const VIRTUAL_LISTENERS_BIND_BOTH_WILDCARDS: Check = Check {
    key: "K08",
    slug: "virtual-listeners-bind-both-wildcards",
    layer: Layer::Listener,
    profile: Profile::Core,
    title: "virtual, shared HTTP and bootstrap listeners hold the wildcard of every family that the pod has, and no other",
    why: "captured IPv6 connections were reset where nothing listened on `::` (istio/istio#54100, istio/istio#46743); \
          statistics and readiness answered in the first family only (istio/istio#47040, istio/istio#47022); a link-local \
          address, or a second interface, gave the proxy another mode than its pod (istio/istio#36961, istio/istio#41271)",
    cure: "ISTIO_DUAL_STACK must be true in both places: istiod's environment makes virtualInbound, virtualOutbound and HTTP \
           listeners (`kubectl -n istio-system get deploy istiod -o yaml`), the pod's proxyMetadata those of 15021 and \
           15090 (annotation proxy.istio.io/config, meshConfig.defaultConfig); then restart the pod",
    needs_mesh: true,
    judge,
};

fn judge(case: &Case<'_>) -> Judged {
    let mut findings = Findings::new();
    for (pod, proxy) in case.proxies(&mut findings, "wildcard listeners") {
        instance_ips(case, pod, proxy, &mut findings);
        if pod.ips.is_empty() {
            let subject = format!("wildcard listeners of {}", pod.pod_ref());
            findings.lost(&subject, None, &"podIPs to compute them from", "the pod has none", &pod.meta.place);
            continue;
        }
        let expected = wildcards(&families_of(&pod.ips));
        for (name, port) in [INBOUND, OUTBOUND] {
            let configured = virtual_listener(name, port, pod, proxy, &expected, &mut findings);
            reported(case, name, port, pod, proxy, &configured, &mut findings);
        }
        shared(case, pod, proxy, &expected, &mut findings);
        match case.shapes {
            Some(shapes) => infrastructure(shapes, pod, proxy, &mut findings),
            None => {
                let subject = format!("bootstrap listeners of {}", pod.pod_ref());
                findings.lost(&subject, None, &"the shapes of the version", "the version is not known", &proxy.place);
            }
        }
    }
    findings.into()
}

/// States that the proxy knows its pod's addresses: istiod derives the proxy's IP mode from them
/// (istio/istio:pkg/model/proxy.go `DiscoverIPMode`), and the bootstrap takes the first one's family.
fn instance_ips(case: &Case<'_>, pod: &Pod, proxy: &Proxy, findings: &mut Findings) {
    let (subject, place) = (format!("INSTANCE_IPS of {}", pod.pod_ref()), format!("{}/server_info.json", proxy.place));
    let expected: AddressSet = pod.ips.iter().copied().collect();
    if proxy.info.instance_ips.is_empty() {
        findings.lost(&subject, None, &expected, &case.why_missing(&place), &place);
        return;
    }
    findings.sets(&subject, &expected, &proxy.info.instance_ips.iter().copied().collect(), &place);
    let first = |ips: &[std::net::IpAddr]| ips.first().map_or_else(|| "none".to_owned(), ToString::to_string);
    findings.equal(&format!("first of {subject}"), None, &first(&pod.ips), &first(&proxy.info.instance_ips), &place);
}

fn virtual_listener(
    name: &str,
    port: u16,
    pod: &Pod,
    proxy: &Proxy,
    expected: &AddressSet,
    findings: &mut Findings,
) -> AddressSet {
    let found = proxy.listeners.iter().find(|listener| listener.active && listener.name == name);
    let seen = found.map(|listener| listener.addresses_on(port)).unwrap_or_default();
    let place = found.map_or_else(|| format!("{}/config_dump.json", proxy.place), |listener| listener.place.clone());
    findings.sets(&format!("{name} of {} on {port}", pod.pod_ref()), expected, &seen, &place);
    seen
}

/// States that what Envoy reports in `/listeners` is what `config_dump` says.
fn reported(
    case: &Case<'_>,
    name: &str,
    port: u16,
    pod: &Pod,
    proxy: &Proxy,
    configured: &AddressSet,
    findings: &mut Findings,
) {
    let subject = format!("{name} of {} in /listeners", pod.pod_ref());
    let place = format!("{}/listeners.json", proxy.place);
    if proxy.listener_statuses.is_empty() {
        findings.lost(&subject, None, configured, &case.why_missing(&place), &place);
        return;
    }
    let statuses = proxy.listener_statuses.iter().filter(|status| status.name == name);
    let seen: AddressSet = statuses
        .flat_map(|status| &status.addresses)
        .filter(|address| address.port == port)
        .map(|address| address.ip)
        .collect();
    findings.sets(&subject, configured, &seen, &place);
}

/// States that each listener which HTTP ports share has all wildcards: those named `0.0.0.0_<port>` or `::_<port>`; and
/// that each HTTP port of the Service has one.
fn shared(case: &Case<'_>, pod: &Pod, proxy: &Proxy, expected: &AddressSet, findings: &mut Findings) {
    let mut ports = Vec::new();
    for listener in proxy.listeners.iter().filter(|listener| is_dynamic_outbound(listener)) {
        let Ok((address, port)) = split_listener_name(&listener.name) else { continue };
        if address.is_unspecified() {
            let subject = format!("shared listener {} of {}", listener.name, pod.pod_ref());
            findings.sets(&subject, expected, &listener.addresses_on(port), &listener.place);
            ports.push(port);
        }
    }
    let service_ports = case.service().map(|service| service.ports.as_slice()).unwrap_or_default();
    for port in service_ports.iter().filter(|port| port.is_http() && !ports.contains(&port.port)) {
        let subject = format!("shared listener of {} for {}:{}", pod.pod_ref(), case.service_name(), port.port);
        let place = format!("{}/config_dump.json", proxy.place);
        findings.sets(&subject, expected, &AddressSet::default(), &place);
    }
}

fn is_dynamic_outbound(listener: &Listener) -> bool {
    listener.active && listener.origin == Origin::Dynamic && listener.direction == Some(Direction::Outbound)
}

fn infrastructure(shapes: &Shapes, pod: &Pod, proxy: &Proxy, findings: &mut Findings) {
    let expected = infra_wildcards(shapes.infra_listeners, &families_of(&pod.ips));
    for port in INFRA_PORTS {
        let own = proxy.listeners.iter().filter(|listener| listener.origin == Origin::Static);
        let seen: AddressSet =
            own.flat_map(|listener| &listener.addresses).filter(|a| a.port == port).map(|a| a.ip).collect();
        let subject = format!("bootstrap listener {port} of {}", pod.pod_ref());
        findings.sets(&subject, &expected, &seen, &format!("{}/config_dump.json", proxy.place));
    }
}
