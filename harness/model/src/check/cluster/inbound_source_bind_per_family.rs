//! K14: a sidecar can call its own application in every family.

use crate::check::{Case, Check, Judged};
use crate::evidence::{Cluster, ClusterName, Direction, Pod, PodRef, Proxy};
use crate::family::{AddressSet, IpFamily};
use crate::spec::Profile;
use crate::truth::{families_of, inbound_sources, passthrough_clusters};
use crate::verdict::{Findings, Layer};

pub(in crate::check) const INBOUND_SOURCE_BIND_PER_FAMILY: Check = Check {
    key: "K14",
    slug: "inbound-source-bind-per-family",
    layer: Layer::Cluster,
    profile: Profile::Core,
    title: "inbound clusters bind 127.0.0.6 and ::6 for the families of the pod, and the pod's redirect has IPv6 and ::6",
    why: "Envoy knew one source address for each cluster (envoyproxy/envoy#9811) and refused mixed families \
          (envoyproxy/envoy#24257); without `::6` on lo every inbound IPv6 connection fails while IPv4 works \
          (istio/istio#32867); without ip6tables rules IPv6 passes by the sidecar in plaintext (istio/istio#46625)",
    cure: "`istioctl proxy-config clusters POD --direction inbound -o json` must show 127.0.0.6 and extra_source_addresses \
           ::6 (ISTIO_DUAL_STACK on istiod); `kubectl logs POD -c istio-init | grep ENABLE_INBOUND_IPV6` must say true \
           (ISTIO_DUAL_STACK in the pod's proxyMetadata), which also puts ::6 on lo",
    needs_mesh: true,
    judge,
};

fn judge(case: &Case<'_>) -> Judged {
    let mut findings = Findings::new();
    let servers: Vec<PodRef> = case.service().map_or_else(Vec::new, |service| {
        case.evidence.objects.backends_of(service).iter().map(|backend| backend.pod.pod_ref()).collect()
    });
    for (pod, proxy) in case.proxies(&mut findings, "inbound clusters") {
        let families = families_of(&pod.ips);
        if families.is_empty() {
            let subject = format!("inbound clusters of {}", pod.pod_ref());
            findings.lost(&subject, None, &"podIPs to compute them from", "the pod has none", &pod.meta.place);
            continue;
        }
        let own: Vec<&Cluster> = active(proxy).filter(|cluster| is_inbound(cluster)).collect();
        if own.is_empty() && servers.contains(&pod.pod_ref()) {
            let subject = format!("inbound clusters of {}", pod.pod_ref());
            findings.push(&subject, None, &"at least one", &"none", false, &dump(proxy));
        }
        let expected = inbound_sources(&families);
        for cluster in own {
            sources(pod, cluster, &expected, &mut findings);
        }
        passthrough(case, pod, proxy, &families, &mut findings);
        redirect(pod, proxy, &families, &mut findings);
    }
    findings.into()
}

fn sources(pod: &Pod, cluster: &Cluster, expected: &AddressSet, findings: &mut Findings) {
    let seen: AddressSet = cluster.bind_sources.iter().copied().collect();
    findings.sets(
        &format!("source addresses of {} in {}", cluster.name, pod.pod_ref()),
        expected,
        &seen,
        &cluster.place,
    );
}

fn passthrough(case: &Case<'_>, pod: &Pod, proxy: &Proxy, families: &[IpFamily], findings: &mut Findings) {
    let Some(shapes) = case.shapes else {
        let subject = format!("inbound passthrough of {}", pod.pod_ref());
        findings.lost(&subject, None, &"the shapes of the version", "the version is not known", &proxy.place);
        return;
    };
    for expected in passthrough_clusters(shapes.inbound_passthrough, families) {
        match active(proxy).find(|cluster| cluster.name == expected.name) {
            Some(cluster) => sources(pod, cluster, &expected.sources, findings),
            None => {
                let subject = format!("inbound passthrough of {}", pod.pod_ref());
                findings.push(&subject, expected.family, &expected.name, &"no such cluster", false, &dump(proxy));
            }
        }
    }
}

/// States that the init container redirected IPv6, which is also what puts `::6` on `lo`
/// (istio/istio:tools/common/tproxy/run_linux.go). A pod without such a log (a CNI plugin did it) says nothing, and neither
/// does a pod without IPv6. Clients count, too: without the rules their IPv6 passes by the sidecar.
fn redirect(pod: &Pod, proxy: &Proxy, families: &[IpFamily], findings: &mut Findings) {
    let Some(log) = &proxy.redirect else { return };
    let Some(inbound) = log.inbound_ipv6.filter(|_| families.contains(&IpFamily::IPv6)) else { return };
    let subject = format!("ENABLE_INBOUND_IPV6 of {}", pod.pod_ref());
    findings.equal(&subject, Some(IpFamily::IPv6), &true, &inbound, &log.place);
}

fn is_inbound(cluster: &Cluster) -> bool {
    ClusterName::parse(&cluster.name).is_some_and(|name| name.direction == Direction::Inbound)
}

fn active(proxy: &Proxy) -> impl Iterator<Item = &Cluster> {
    proxy.clusters.iter().filter(|cluster| cluster.active)
}

fn dump(proxy: &Proxy) -> String {
    format!("{}/config_dump.json", proxy.place)
}
