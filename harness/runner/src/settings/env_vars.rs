//! Every environment variable that dualproof reads, by its documented name.

/// A settings file (YAML; the same names as the flags, in camelCase).
pub const SETTINGS: &str = "DUALPROOF_SETTINGS";
/// Globs of scenarios, separated by `;`.
pub const SCENARIO: &str = "DUALPROOF_SCENARIO";
/// Globs of checks, separated by `;`.
pub const CHECK: &str = "DUALPROOF_CHECK";
/// `core`, `extended` or `all`.
pub const PROFILE: &str = "DUALPROOF_PROFILE";
/// `v4,v6` or `v6,v4`; in embedded clusters also `v4` or `v6`.
pub const ORDER: &str = "DUALPROOF_ORDER";
/// `kind` or `existing`.
pub const PROVIDER: &str = "DUALPROOF_PROVIDER";
/// `istio` or `none`.
pub const MESH: &str = "DUALPROOF_MESH";
/// The mesh's version.
pub const MESH_VERSION: &str = "DUALPROOF_MESH_VERSION";
/// `--set` values for the mesh's installer, separated by `;`.
pub const MESH_SET: &str = "DUALPROOF_MESH_SET";
/// Overlay files for the mesh's installer, separated by `;`.
pub const MESH_OVERLAY: &str = "DUALPROOF_MESH_OVERLAY";
/// The Kubernetes version of a cluster to make.
pub const KUBERNETES: &str = "DUALPROOF_KUBERNETES";
/// The node image of a cluster to make, instead of kindest/node of the version.
pub const NODE_IMAGE: &str = "DUALPROOF_NODE_IMAGE";
/// The number of nodes of a cluster to make.
pub const NODES: &str = "DUALPROOF_NODES";
/// The name of a cluster to make.
pub const CLUSTER_NAME: &str = "DUALPROOF_CLUSTER_NAME";
/// The kubeconfig of a cluster that is there.
pub const KUBECONFIG: &str = "DUALPROOF_KUBECONFIG";
/// The context in it.
pub const CONTEXT: &str = "DUALPROOF_CONTEXT";
/// The Envoy to use in embedded clusters.
pub const ENVOY: &str = "DUALPROOF_ENVOY";
/// The istioctl to use.
pub const ISTIOCTL: &str = "DUALPROOF_ISTIOCTL";
/// Where releases of Istio are downloaded from: a mirror of its GitHub releases.
pub const ISTIO_MIRROR: &str = "DUALPROOF_ISTIO_MIRROR";
/// The agent's image: an archive, or a reference that the cluster can pull.
pub const AGENT_IMAGE: &str = "DUALPROOF_AGENT_IMAGE";
/// `true` leaves the control plane of a cluster to make as kind makes it.
pub const STOCK: &str = "DUALPROOF_STOCK";
/// `true` makes a cluster for each of several cells.
pub const FRESH: &str = "DUALPROOF_FRESH";
/// `true` keeps what the run made.
pub const KEEP: &str = "DUALPROOF_KEEP";
/// `true` judges a kept cell as it is.
pub const REUSE: &str = "DUALPROOF_REUSE";
/// How often the cell is read and judged.
pub const REPEAT: &str = "DUALPROOF_REPEAT";
/// How many cells run at once.
pub const JOBS: &str = "DUALPROOF_JOBS";
/// The folder for reports and the bundle.
pub const OUT: &str = "DUALPROOF_OUT";
/// A folder of scenarios to use instead of those that are built in.
pub const SCENARIOS: &str = "DUALPROOF_SCENARIOS";
/// The folder for runs' private files.
pub const STATE: &str = "DUALPROOF_STATE";
/// The folder for downloaded tools.
pub const CACHE: &str = "DUALPROOF_CACHE";
/// Set to anything but empty, `0` or `false`: conformance trials that cannot run are an error, not ignored.
pub const REQUIRE: &str = "DUALPROOF_REQUIRE";
/// Set by CI systems; counts like [`REQUIRE`].
pub const CI: &str = "CI";
/// Set by nextest: `process-per-test` means that trials do not share a process.
pub const NEXTEST_EXECUTION_MODE: &str = "NEXTEST_EXECUTION_MODE";
/// kubectl's own variable: the default of [`KUBECONFIG`].
pub const KUBECTL_KUBECONFIG: &str = "KUBECONFIG";
/// The user's folders, for the defaults of [`STATE`], [`CACHE`] and the kubeconfig.
pub const HOME: &str = "HOME";
/// The base of the default of [`STATE`].
pub const XDG_STATE_HOME: &str = "XDG_STATE_HOME";
/// The base of the default of [`CACHE`].
pub const XDG_CACHE_HOME: &str = "XDG_CACHE_HOME";

/// Reads a variable of this file; `None` when it is not set, empty or not UTF-8.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment outside the command line parser"
)]
pub fn read(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Tells whether a variable is set and says yes.
#[must_use]
pub fn is_on(name: &str) -> bool {
    read(name).is_some_and(|value| !matches!(value.as_str(), "0" | "false"))
}
