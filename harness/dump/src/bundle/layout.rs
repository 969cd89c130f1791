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
/// Envoy's `/server_info`.
pub const SERVER_INFO: &str = "server_info.json";
/// Envoy's `/stats`, `name: value` lines.
pub const STATS: &str = "stats.txt";
/// All files of a proxy's folder.
pub const PROXY_FILES: [&str; 5] = [CONFIG_DUMP, LISTENERS, CLUSTERS, SERVER_INFO, STATS];
/// istiod's `/debug/syncz`.
pub const SYNCZ: &str = "mesh/syncz.json";
/// The control plane's log; only when something failed.
pub const CONTROL_PLANE_LOG: &str = "mesh/istiod.log";
/// The folder of logs.
pub const LOGS: &str = "logs";
/// One call a line.
pub const CALLS: &str = "calls.jsonl";
/// One question a line.
pub const DNS: &str = "dns.jsonl";
/// Every stage with start and end.
pub const TIMINGS: &str = "timings.json";
/// The container that sets the redirect up and logs it.
pub const REDIRECT_CONTAINER: &str = "istio-init";

/// Every name that may stand at the top of a bundle; `netns` belongs to the schema and is not written yet.
pub(super) const TOP: [&str; 10] = [MANIFEST, INPUTS, "objects", PROXIES, "mesh", "netns", CALLS, DNS, LOGS, TIMINGS];

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
