//! K07: every proxy took everything that it was sent.

use crate::check::{Case, Check, Judged};
use crate::evidence::{Listener, Pod, Proxy, SocketAddress, SyncState};
use crate::family::IpFamily;
use crate::spec::Profile;
use crate::truth::repeated;
use crate::verdict::{Findings, Layer};

pub(in crate::check) const XDS_ACKED_NO_REJECTION: Check = Check {
    key: "K07",
    slug: "xds-acked-no-rejection",
    layer: Layer::Listener,
    profile: Profile::Core,
    title: "every pod has a live proxy that acknowledged all it was sent, refused nothing, and has each address once",
    why: "doubled addresses got the whole listener refused (istio/istio#46633, istio/istio#43095); a QUIC listener mixed UDP \
          and TCP (istio/istio#48336); IPv6 listeners were sent to nodes without IPv6 (istio/istio#16763); a bad additional \
          address crashed Envoy on the first request (envoyproxy/envoy#36318)",
    cure: "`istioctl proxy-status -o json` (the plain table hides refusals); `kubectl logs -n istio-system deploy/istiod | \
           grep 'ACK ERROR'`; `istioctl proxy-config listeners POD -o json` shows error_state; a pod without a proxy: is \
           its namespace labelled istio-injection=enabled, and was it made after that?",
    needs_mesh: true,
    judge,
};

const SYNC: &str = "mesh/syncz.json";
const PODS: &str = "objects/pods.json";

/// What must have been sent to every proxy. Routes and endpoints are sent only where something asks for them.
const ALWAYS_SENT: [&str; 2] = ["Listener", "Cluster"];

fn judge(case: &Case<'_>) -> Judged {
    let mut findings = Findings::new();
    sidecars(case, &mut findings);
    let meshed: Vec<&Pod> = case.pods().into_iter().filter(|pod| pod.is_meshed()).collect();
    match &case.evidence.sync {
        Some(sync) => meshed.iter().for_each(|pod| acknowledged(pod, sync, &mut findings)),
        None => findings.lost("sync state", None, &"every proxy synced", &case.why_missing(SYNC), SYNC),
    }
    for pod in &meshed {
        let subject = format!("restarts of {}", pod.pod_ref());
        findings.equal(&subject, None, &0, &pod.restarts, &pod.meta.place);
    }
    if !meshed.is_empty() {
        for (pod, proxy) in case.proxies(&mut findings, "configuration") {
            alive(case, pod, proxy, &mut findings);
            refused(pod, proxy, &mut findings);
            each_address_once(pod, proxy, &mut findings);
            one_protocol(pod, proxy, &mut findings);
        }
    }
    findings.into()
}

/// States that the client's and the server's pods have a sidecar. Other pods of their namespaces may do without.
fn sidecars(case: &Case<'_>, findings: &mut Findings) {
    let servers: Vec<&Pod> = case.service().map_or_else(Vec::new, |service| {
        case.evidence.objects.backends_of(service).iter().map(|backend| backend.pod).collect()
    });
    let clients = case.client_pods();
    for (what, pods) in [("client", &clients), ("server", &servers)] {
        if pods.is_empty() {
            let missing = case.why_missing(PODS);
            let why = if case.pods().is_empty() { missing } else { format!("there is no {what} pod that runs") };
            findings.lost(&format!("{what} pods"), None, &"at least one, with a sidecar", &why, PODS);
        }
    }
    // Istio never injects pods on the host's network.
    for pod in clients.into_iter().chain(servers).filter(|pod| !pod.host_network) {
        let seen = if pod.is_meshed() { "istio-proxy" } else { "no proxy" };
        findings.equal(&format!("sidecar of {}", pod.pod_ref()), None, &"istio-proxy", &seen, &pod.meta.place);
    }
}

fn acknowledged(pod: &Pod, sync: &SyncState, findings: &mut Findings) {
    let name = format!("{}.{}", pod.meta.name, pod.meta.namespace);
    let subject = format!("sync of {}", pod.pod_ref());
    let Some(state) = sync.proxies.iter().find(|known| known.proxy == name) else {
        findings.push(&subject, None, &"connected to the control plane", &"not connected", false, SYNC);
        return;
    };
    for wanted in ALWAYS_SENT.iter().filter(|wanted| !state.types.contains_key(**wanted)) {
        findings.push(&subject, None, &format!("{wanted} sent and acknowledged"), &"never sent", false, &state.place);
    }
    for (kind, sync) in &state.types {
        let expected = format!("{kind} acknowledged without error");
        let owed = ALWAYS_SENT.contains(&kind.as_str()) && sync.sent.is_empty();
        let seen = match (sync.error.as_str(), owed) {
            ("", true) => format!("{kind} never sent"),
            ("", false) if sync.is_synced() => expected.clone(),
            ("", false) => format!("{kind} sent {}, acknowledged {}", nonce(&sync.sent), nonce(&sync.acked)),
            (error, _) => format!("{kind} refused: {error}"),
        };
        findings.equal(&subject, None, &expected, &seen, &state.place);
    }
}

fn nonce(text: &str) -> &str {
    if text.is_empty() { "nothing" } else { text }
}

fn alive(case: &Case<'_>, pod: &Pod, proxy: &Proxy, findings: &mut Findings) {
    let (subject, place) = (format!("state of {}", pod.pod_ref()), format!("{}/server_info.json", proxy.place));
    if proxy.info.state.is_empty() {
        findings.lost(&subject, None, &"LIVE", &case.why_missing(&place), &place);
    } else {
        findings.equal(&subject, None, &"LIVE", &proxy.info.state.as_str(), &place);
    }
}

fn refused(pod: &Pod, proxy: &Proxy, findings: &mut Findings) {
    let name = pod.pod_ref();
    let mut refusals: Vec<(String, &str)> = proxy
        .rejections
        .iter()
        .map(|refusal| (format!("{} `{}`: {}", refusal.kind, refusal.name, refusal.details), refusal.place.as_str()))
        .collect();
    for listener in &proxy.listeners {
        let Some(error) = &listener.error else { continue };
        if !proxy.rejections.iter().any(|refusal| refusal.details == *error) {
            refusals.push((format!("listener `{}`: {error}", listener.name), &listener.place));
        }
    }
    let subject = format!("configuration refused by {name}");
    if refusals.is_empty() {
        findings.push(&subject, None, &"none", &"none", true, &format!("{}/config_dump.json", proxy.place));
    }
    for (what, place) in refusals {
        findings.push(&subject, None, &"none", &what, false, place);
    }
    for (counter, count) in proxy.stats.iter().filter(|(counter, _)| counter.ends_with("update_rejected")) {
        findings.equal(&format!("{counter} of {name}"), None, &0, count, &format!("{}/stats.txt", proxy.place));
    }
}

/// States for each family that no two active listeners, and no listener twice, have the same address, port and protocol.
/// Static and dynamic listeners alike: Envoy compares all of them, also those that do not bind.
fn each_address_once(pod: &Pod, proxy: &Proxy, findings: &mut Findings) {
    let listeners = || active(proxy).map(|listener| (listener.name.as_str(), listener.addresses.as_slice()));
    let repeats = repeated(listeners());
    for family in IpFamily::BOTH {
        let is_of = |address: &SocketAddress| IpFamily::of(&address.ip) == family;
        if !listeners().any(|(_, addresses)| addresses.iter().any(is_of)) {
            continue;
        }
        let twice: Vec<String> = repeats
            .iter()
            .filter(|(address, _)| is_of(address))
            .map(|(address, names)| format!("{address} in {}", names.join(" and ")))
            .collect();
        let seen = if twice.is_empty() { "none".to_owned() } else { twice.join("; ") };
        let subject = format!("{family} listener addresses of {} that repeat", pod.pod_ref());
        let place = format!("{}/config_dump.json", proxy.place);
        findings.push(&subject, Some(family), &"none", &seen, twice.is_empty(), &place);
    }
}

fn one_protocol(pod: &Pod, proxy: &Proxy, findings: &mut Findings) {
    let mixed: Vec<&str> = active(proxy)
        .filter(|listener| listener.addresses.windows(2).any(|pair| pair[0].protocol != pair[1].protocol))
        .map(|listener| listener.name.as_str())
        .collect();
    let seen = if mixed.is_empty() { "none".to_owned() } else { mixed.join(", ") };
    let subject = format!("listeners of {} with both TCP and UDP addresses", pod.pod_ref());
    findings.push(&subject, None, &"none", &seen, mixed.is_empty(), &format!("{}/config_dump.json", proxy.place));
}

fn active(proxy: &Proxy) -> impl Iterator<Item = &Listener> {
    proxy.listeners.iter().filter(|listener| listener.active)
}
