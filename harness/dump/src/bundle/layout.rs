//! Every path inside a bundle. `/` separates on every system.

use dualproof_model::evidence::PodRef;

use crate::DumpError;

/// The manifest.
pub const MANIFEST: &str = "bundle.yaml";
/// The folder of what went in: scenarios, profiles, deviations, manifests, cluster and mesh configuration.
pub const INPUTS: &str = "inputs";
/// All nodes.
pub const NODES: &str = "objects/nodes.json";
/// The namespaces of the run and of the mesh.
pub const NAMESPACES: &str = "objects/namespaces.json";
/// The Services of these namespaces.
pub const SERVICES: &str = "objects/services.json";
/// The EndpointSlices of these namespaces.
pub const ENDPOINT_SLICES: &str = "objects/endpointslices.json";
/// The pods of these namespaces.
pub const PODS: &str = "objects/pods.json";
/// The Deployments of these namespaces; kept for people, read by no check.
pub const DEPLOYMENTS: &str = "objects/deployments.json";
/// The folder of the proxies' folders.
pub const PROXIES: &str = "proxies";
/// Envoy's `/config_dump?include_eds` without its secrets.
pub const CONFIG_DUMP: &str = "config_dump.json";
/// Envoy's `/listeners?format=json`.
pub const LISTENERS: &str = "listeners.json";
/// Envoy's `/clusters?format=json`.
pub const CLUSTERS: &str = "clusters.json";
/// The same before the calls of a matrix; only where the proxies' logs cannot be had.
pub const CLUSTERS_BEFORE: &str = "clusters_before.json";
/// Envoy's `/server_info`.
pub const SERVER_INFO: &str = "server_info.json";
/// Envoy's `/stats`, `name: value` lines.
pub const STATS: &str = "stats.txt";
/// All files that a proxy's folder must have.
pub const PROXY_FILES: [&str; 5] = [CONFIG_DUMP, LISTENERS, CLUSTERS, SERVER_INFO, STATS];
/// The folder of the network namespaces' folders.
pub const NETNS: &str = "netns";
/// The rules of IPv4 in a pod's namespace.
pub const IPTABLES: &str = "iptables-save";
/// The rules of IPv6 in a pod's namespace.
pub const IP6TABLES: &str = "ip6tables-save";
/// The rules of both families in the words of nftables.
pub const NFT: &str = "nft.json";
/// The interfaces and addresses of a pod's namespace.
pub const ADDRESSES: &str = "addr.json";
/// The routes of IPv4.
pub const ROUTES: &str = "route.json";
/// The routes of IPv6.
pub const ROUTES6: &str = "route6.json";
/// The sockets of TCP over IPv4.
pub const TCP: &str = "proc-net-tcp";
/// The sockets of TCP over IPv6.
pub const TCP6: &str = "proc-net-tcp6";
/// The sockets of UDP over IPv4.
pub const UDP: &str = "proc-net-udp";
/// The sockets of UDP over IPv6.
pub const UDP6: &str = "proc-net-udp6";
/// All files of a namespace's folder.
pub const NETNS_FILES: [&str; 10] = [IPTABLES, IP6TABLES, NFT, ADDRESSES, ROUTES, ROUTES6, TCP, TCP6, UDP, UDP6];
/// istiod's `/debug/syncz`.
pub const SYNCZ: &str = "mesh/syncz.json";
/// The control plane's log; only when something failed.
pub const CONTROL_PLANE_LOG: &str = "mesh/istiod.log";
/// The folder of logs.
pub const LOGS: &str = "logs";
/// One call a line.
pub const CALLS: &str = "calls.jsonl";
/// One call of a matrix a line.
pub const TESTIMONY: &str = "testimony.jsonl";
/// The folder of the proxies' raw logs, which hold their access logs.
pub const ACCESS: &str = "access";
/// One question a line.
pub const DNS: &str = "dns.jsonl";
/// Every stage with start and end.
pub const TIMINGS: &str = "timings.json";
/// The container that sets the redirect up and logs it.
pub const REDIRECT_CONTAINER: &str = "istio-init";

/// Every name that may stand at the top of a bundle.
pub(super) const TOP: [&str; 12] =
    [MANIFEST, INPUTS, "objects", PROXIES, "mesh", NETNS, CALLS, TESTIMONY, ACCESS, DNS, LOGS, TIMINGS];

/// Names an input: `inputs/<name>`; the name may hold folders.
#[must_use]
pub fn input(name: &str) -> String {
    format!("{INPUTS}/{name}")
}

/// Names the folder of a proxy.
#[must_use]
pub fn proxy(pod: &PodRef) -> String {
    format!("{PROXIES}/{}/{}", pod.namespace, pod.name)
}

/// Names a file of a proxy: one of [`PROXY_FILES`].
#[must_use]
pub fn proxy_file(pod: &PodRef, file: &str) -> String {
    format!("{PROXIES}/{}/{}/{file}", pod.namespace, pod.name)
}

/// Names the folder of a pod's network namespace.
#[must_use]
pub fn netns(pod: &PodRef) -> String {
    format!("{NETNS}/{}/{}", pod.namespace, pod.name)
}

/// Names a file of a pod's network namespace: one of [`NETNS_FILES`].
#[must_use]
pub fn netns_file(pod: &PodRef, file: &str) -> String {
    format!("{NETNS}/{}/{}/{file}", pod.namespace, pod.name)
}

/// Names the raw log of a pod's proxy.
#[must_use]
pub fn access_log(pod: &PodRef) -> String {
    format!("{ACCESS}/{}/{}.log", pod.namespace, pod.name)
}

/// Names the log of a container.
#[must_use]
pub fn log(pod: &PodRef, container: &str) -> String {
    format!("{LOGS}/{}/{}/{container}.log", pod.namespace, pod.name)
}

/// Checks that a path stays inside its bundle and has one spelling only.
///
/// # Errors
/// For an empty or absolute path, `.`, `..` and empty parts, backslashes, control characters, parts with a leading dot
/// (those are never evidence, see [`super::read()`]), and more than 16 parts.
pub(super) fn check_path(path: &str) -> Result<(), DumpError> {
    let refuse = |why| Err(DumpError::UnsafePath { path: path.escape_debug().to_string(), why });
    if path.is_empty() {
        return refuse("it is empty");
    }
    if path.starts_with('/') {
        return refuse("it is absolute");
    }
    if path.chars().any(|letter| letter.is_control() || letter == '\\') {
        return refuse("it holds a backslash or a control character");
    }
    if path.split('/').any(str::is_empty) {
        return refuse("it has an empty part");
    }
    if path.split('/').any(|part| part == "..") {
        return refuse("it leads out of the folder");
    }
    if path.split('/').any(|part| part.starts_with('.')) {
        return refuse("a part begins with a dot");
    }
    if path.split('/').count() > 16 || path.len() > 1024 {
        return refuse("it is too long");
    }
    Ok(())
}
