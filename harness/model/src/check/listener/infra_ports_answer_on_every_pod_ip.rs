//! K09: the ports of the sidecar itself are open on every address of its pod.

use crate::check::{Case, Check, Judged};
use crate::evidence::{ListeningSocket, Netns, NetnsSource, Pod, Protocol};
use crate::family::{AddressSet, IpFamily, PerFamily};
use crate::plan::ProviderKind;
use crate::spec::{Profile, Shapes};
use crate::truth::{AGENT_PORT, INFRA_PORTS, families_of, infra_wildcards};
use crate::verdict::{Findings, Layer};

pub(in crate::check) const INFRA_PORTS_ANSWER_ON_EVERY_POD_IP: Check = Check {
    key: "K09",
    slug: "infra-ports-answer-on-every-pod-ip",
    layer: Layer::Listener,
    profile: Profile::Core,
    title: "the kernel holds a socket for readiness (15021) and statistics (15090, 15020) of each sidecar on every podIP",
    why: "statistics answered on the first podIP alone (istio/istio#47040); IPv6-first pods never became Ready, because \
          readiness listened on 0.0.0.0 (istio/istio#45970, istio/istio#38314); a proxy's admin port on IPv4 refused the probes \
          of IPv6 pods (linkerd/linkerd2#3849)",
    cure: "`ss -ltn` in the pod's network namespace (`nsenter -t PID -n` on the node) beside `istioctl proxy-config listeners POD \
           --port 15021 -o json`: what is configured and not bound stands in the proxy's log; what is not configured is K08's",
    needs_mesh: true,
    judge,
};

fn judge(case: &Case<'_>) -> Judged {
    let evidence = case.evidence;
    let is_seen = |netns: &Netns| netns.source == NetnsSource::Node;
    if evidence.manifest.cell.provider != ProviderKind::Kind && !evidence.netns.iter().any(is_seen) {
        let why = "sockets are seen on the nodes alone, and those of this cluster cannot be looked into";
        return Judged::NotApplicable(why.to_owned());
    }
    let mut findings = Findings::new();
    let pods: Vec<&Pod> = case.pods().into_iter().filter(|pod| pod.is_meshed()).collect();
    if pods.is_empty() {
        let why = match evidence.objects.pods.is_empty() {
            true => case.why_missing("objects/pods.json"),
            false => "no pod of the scenario has a sidecar".to_owned(),
        };
        findings.lost("ports of sidecars", None, &"a sidecar to look at", &why, "objects/pods.json");
    }
    for pod in pods {
        let subject = format!("open ports of {}", pod.pod_ref());
        let families = families_of(&pod.ips);
        if families.is_empty() {
            findings.lost(&subject, None, &"podIPs to compute them from", "the pod has none", &pod.meta.place);
            continue;
        }
        let Some(shapes) = case.shapes else {
            let why = "the version is not known";
            findings.lost(&subject, None, &"the shapes of the version", why, "bundle.yaml");
            continue;
        };
        match sockets(case, pod, &families) {
            Ok(sockets) => ports(pod, shapes, &sockets, &mut findings),
            Err((place, why)) => {
                for family in families {
                    findings.lost(&subject, Some(family), &"the sockets of its network namespace", &why, &place);
                }
            }
        }
    }
    findings.into()
}

/// A namespace's listening TCP sockets.
type Sockets = PerFamily<Vec<ListeningSocket>>;

/// Returns a pod's TCP sockets, or the place where they should be and why they say nothing.
fn sockets(case: &Case<'_>, pod: &Pod, families: &[IpFamily]) -> Result<Sockets, (String, String)> {
    let folder = format!("netns/{}", pod.pod_ref());
    let Some(netns) = case.evidence.netns.iter().find(|netns| netns.pod == pod.pod_ref()) else {
        let why = case.why_missing(&folder);
        return Err((folder, why));
    };
    let mut found = PerFamily::default();
    for family in families {
        let place = table(&folder, *family);
        let is_missing = case.evidence.manifest.missing.iter().any(|missing| missing.what == place);
        let Some(known) = netns.sockets.get(*family).as_ref().filter(|_| !is_missing) else {
            let why = case.why_missing(&place);
            return Err((place, why));
        };
        let tcp = known.iter().filter(|socket| socket.protocol == Protocol::Tcp);
        *found.get_mut(*family) = tcp.copied().collect();
    }
    Ok(found)
}

/// States each port for each podIP. Envoy's sockets on `::` take no IPv4 (envoyproxy/envoy:source/common/network/socket_option_factory.cc
/// sets IPV6_V6ONLY unless `ipv4_compat`); the agent's is bound by Go to both families at once (Go's net package, `Listen` on `:port`).
fn ports(pod: &Pod, shapes: &Shapes, sockets: &Sockets, findings: &mut Findings) {
    let all = families_of(&pod.ips);
    let infra = infra_wildcards(shapes.infra_listeners, &all);
    let infra: Vec<IpFamily> = infra.iter().map(IpFamily::of).collect();
    for (port, families) in INFRA_PORTS.map(|port| (port, &infra)).into_iter().chain([(AGENT_PORT, &all)]) {
        let expected: AddressSet =
            pod.ips.iter().copied().filter(|address| families.contains(&IpFamily::of(address))).collect();
        let mut seen = AddressSet::default();
        for address in &pod.ips {
            let family = IpFamily::of(address);
            let own = sockets.get(family).iter();
            let own = own.filter(|socket| socket.address.ip() == *address || socket.address.ip().is_unspecified());
            let both = sockets.v6.iter().filter(|socket| port == AGENT_PORT && socket.address.ip().is_unspecified());
            if own.chain(both).any(|socket| socket.address.port() == port) {
                seen.insert(*address);
            }
        }
        let subject = format!("podIPs of {} on which port {port} is open", pod.pod_ref());
        let folder = format!("netns/{}", pod.pod_ref());
        let places: Vec<String> = all.iter().map(|family| table(&folder, *family)).collect();
        findings.sets(&subject, &expected, &seen, &places.join(", "));
    }
}

fn table(folder: &str, family: IpFamily) -> String {
    match family {
        IpFamily::IPv4 => format!("{folder}/proc-net-tcp"),
        IpFamily::IPv6 => format!("{folder}/proc-net-tcp6"),
    }
}
