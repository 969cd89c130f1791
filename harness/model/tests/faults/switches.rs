//! The two switches of ISTIO_DUAL_STACK, from what real meshes of both orders showed.

use dualproof_model::evidence::Evidence;

use super::surgery::{close, drop_wildcard, no_source, own_endpoints, rules, split};
use super::{EVERYONE, Mutant, V6, dual};
use crate::lab::{SERVER, listener, proxy};

pub(super) const FAULTS: &[Mutant] = &[
    dual(&["K10", "K08", "K14", "K09"], "the pod's switch is off, the control plane's on", |evidence, _| {
        pod_switch_off(evidence, SERVER)
    }),
    dual(&["K06", "K08", "K11", "K14"], "the pod's switch is on, the control plane's off", |evidence, _| {
        control_plane_switch_off(evidence);
    }),
    dual(&["K10", "K06", "K08", "K11", "K14", "K09"], "both switches are off", |evidence, _| {
        control_plane_switch_off(evidence);
        EVERYONE.iter().for_each(|name| pod_switch_off(evidence, name));
    }),
];

/// What `proxyMetadata: {ISTIO_DUAL_STACK: "false"}` does to a dual pod of either order: bootstrap and redirect are IPv4
/// alone, everything that the control plane sends stays dual-stack. (An IPv6-first pod does not become Ready either, since
/// its readiness is asked at an IPv6 address; that is left out here.)
fn pod_switch_off(evidence: &mut Evidence, pod: &str) {
    for port in [15090, 15021] {
        let listener = listener(evidence, pod, port);
        listener.addresses.retain(|address| address.ip.is_ipv4());
        listener.name = format!("0.0.0.0_{port}");
        close(evidence, pod, V6, port);
    }
    if let Some(log) = &mut proxy(evidence, pod).redirect {
        (log.inbound_ipv6, log.dual_stack) = (Some(false), Some(false));
    }
    rules(evidence, pod, V6).tables.clear();
    no_source(evidence, pod);
}

/// What istiod does without ISTIO_DUAL_STACK: listeners on the first clusterIP only, virtual listeners without `::`, inbound
/// clusters without `::6`, one endpoint for each address. HTTP listeners and the inbound passthrough stay as they are.
fn control_plane_switch_off(evidence: &mut Evidence) {
    for name in EVERYONE {
        for port in [9000, 9001] {
            listener(evidence, name, port).addresses.truncate(1);
            split(own_endpoints(evidence, name, port));
        }
        drop_wildcard(evidence, name, "virtualInbound", V6);
        drop_wildcard(evidence, name, "virtualOutbound", V6);
        let clusters = &mut proxy(evidence, name).clusters;
        let inbound = clusters.iter_mut().filter(|cluster| cluster.name.starts_with("inbound|"));
        inbound.for_each(|cluster| cluster.bind_sources.truncate(1));
    }
}
