//! Settings as one source gives them: the command line with the environment, or a file.

use std::path::PathBuf;

use clap::Args;
use dualproof_model::plan::Timeouts;
use serde::Deserialize;

use super::env_vars;

/// What one source says; what it leaves out comes from the next.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Partial {
    /// Settings file (YAML, the same names in camelCase; flags and environment win over it)
    #[arg(long, env = env_vars::SETTINGS, value_name = "FILE")]
    #[serde(skip)]
    pub settings: Option<PathBuf>,
    /// Scenarios to run, as globs (seed/*)
    #[arg(long, env = env_vars::SCENARIO, value_name = "GLOB", value_delimiter = ';')]
    pub scenario: Vec<String>,
    /// Checks to run, as globs over key or name (K06, *listener*)
    #[arg(long, env = env_vars::CHECK, value_name = "GLOB", value_delimiter = ';')]
    pub check: Vec<String>,
    /// Profile to run: core, extended or all [default: core]
    #[arg(long, env = env_vars::PROFILE)]
    pub profile: Option<String>,
    /// Order of the families in the cluster: v4,v6 or v6,v4, in embedded clusters also v4 or v6 alone; several make several cells [default: v4,v6]
    #[arg(long, env = env_vars::ORDER, value_delimiter = ';')]
    pub order: Vec<String>,
    /// Where the cluster comes from: kind or embedded (made and removed), or existing [default: kind where kind and docker are on PATH, else
    /// embedded]
    #[arg(long, env = env_vars::PROVIDER)]
    pub provider: Option<String>,
    /// Mesh: istio, embedded (in embedded clusters) or none [default: istio, in embedded clusters embedded]
    #[arg(long, env = env_vars::MESH)]
    pub mesh: Option<String>,
    /// Version of the mesh; several make several cells [default: that of the istioctl on PATH]
    #[arg(long, env = env_vars::MESH_VERSION, value_name = "VERSION", value_delimiter = ';')]
    pub mesh_version: Vec<String>,
    /// Value for the mesh's installer (istioctl --set), may be repeated
    #[arg(long, env = env_vars::MESH_SET, value_name = "KEY=VALUE", value_delimiter = ';')]
    pub mesh_set: Vec<String>,
    /// Overlay file for the mesh's installer (istioctl -f), may be repeated
    #[arg(long, env = env_vars::MESH_OVERLAY, value_name = "FILE", value_delimiter = ';')]
    pub mesh_overlay: Vec<PathBuf>,
    /// Kubernetes version of the kind cluster; several make several cells [default: 1.36.1]
    #[arg(long, env = env_vars::KUBERNETES, value_name = "VERSION", value_delimiter = ';')]
    pub kubernetes: Vec<String>,
    /// Node image of the kind cluster, instead of the one of that version
    #[arg(long, env = env_vars::NODE_IMAGE, value_name = "IMAGE")]
    pub node_image: Option<String>,
    /// Nodes of the kind cluster: one control plane and workers [default: 1]
    #[arg(long, env = env_vars::NODES, value_name = "N")]
    pub nodes: Option<u8>,
    /// Name of the kind cluster [default: dualproof- and the id of the run]
    #[arg(long, env = env_vars::CLUSTER_NAME, value_name = "NAME")]
    pub cluster_name: Option<String>,
    /// Kubeconfig of the existing cluster [default: $KUBECONFIG, else ~/.kube/config]; it is only read
    #[arg(long, env = env_vars::KUBECONFIG, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Context of the existing cluster [default: the current one]
    #[arg(long, env = env_vars::CONTEXT)]
    pub context: Option<String>,
    /// Envoy for the sidecars of embedded clusters [default: on PATH, in the cache, or fetched once]
    #[arg(long, env = env_vars::ENVOY, value_name = "FILE")]
    pub envoy: Option<PathBuf>,
    /// istioctl to use; it must be of the wanted version
    #[arg(long, env = env_vars::ISTIOCTL, value_name = "FILE")]
    pub istioctl: Option<PathBuf>,
    /// Mirror of Istio's GitHub releases to download istioctl from
    #[arg(long, env = env_vars::ISTIO_MIRROR, value_name = "URL")]
    pub istio_mirror: Option<String>,
    /// Image of the agent: an archive (dualproof image export) or a reference that the cluster can pull [default: the built-in one]
    #[arg(long, env = env_vars::AGENT_IMAGE, value_name = "FILE|REFERENCE")]
    pub agent_image: Option<String>,
    /// Leave the kind cluster's control plane as kind makes it: by default etcd does not sync to disk and controllers are not
    /// throttled, which saves some five seconds
    #[arg(long, env = env_vars::STOCK, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub stock: Option<bool>,
    /// Make a kind cluster for each of several cells: by default those that differ in their mesh alone use one, one after another, each time
    /// proven to be as it was
    #[arg(long, env = env_vars::FRESH, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub fresh: Option<bool>,
    /// Keep what the run makes, and say how to look at it and how to remove it
    #[arg(long, env = env_vars::KEEP, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub keep: Option<bool>,
    /// Judge a kept cell as it is: install and deploy nothing, remove nothing
    #[arg(long, env = env_vars::REUSE, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub reuse: Option<bool>,
    /// Read and judge the cell this often; a verdict that changes is flaky [default: 1]
    #[arg(long, env = env_vars::REPEAT, value_name = "N")]
    pub repeat: Option<u32>,
    /// Run up to this many cells at once, each on a kind cluster of its own [default: 1]
    #[arg(long, env = env_vars::JOBS, value_name = "N")]
    pub jobs: Option<u32>,
    /// Folder for reports and the bundle [default: dualproof-out]
    #[arg(long, env = env_vars::OUT, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Folder of scenarios, instead of those that are built in
    #[arg(long, env = env_vars::SCENARIOS, value_name = "DIR")]
    pub scenarios: Option<PathBuf>,
    /// Budgets of waits, in seconds; in the settings file only
    #[arg(skip)]
    pub timeouts: Option<Timeouts>,
}

impl Partial {
    /// Fills what this source leaves out from another.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            settings: self.settings.or(other.settings),
            scenario: first_filled(self.scenario, other.scenario),
            check: first_filled(self.check, other.check),
            profile: self.profile.or(other.profile),
            order: first_filled(self.order, other.order),
            provider: self.provider.or(other.provider),
            mesh: self.mesh.or(other.mesh),
            mesh_version: first_filled(self.mesh_version, other.mesh_version),
            mesh_set: first_filled(self.mesh_set, other.mesh_set),
            mesh_overlay: first_filled(self.mesh_overlay, other.mesh_overlay),
            kubernetes: first_filled(self.kubernetes, other.kubernetes),
            node_image: self.node_image.or(other.node_image),
            nodes: self.nodes.or(other.nodes),
            cluster_name: self.cluster_name.or(other.cluster_name),
            kubeconfig: self.kubeconfig.or(other.kubeconfig),
            context: self.context.or(other.context),
            envoy: self.envoy.or(other.envoy),
            istioctl: self.istioctl.or(other.istioctl),
            istio_mirror: self.istio_mirror.or(other.istio_mirror),
            agent_image: self.agent_image.or(other.agent_image),
            stock: self.stock.or(other.stock),
            fresh: self.fresh.or(other.fresh),
            keep: self.keep.or(other.keep),
            reuse: self.reuse.or(other.reuse),
            repeat: self.repeat.or(other.repeat),
            jobs: self.jobs.or(other.jobs),
            out: self.out.or(other.out),
            scenarios: self.scenarios.or(other.scenarios),
            timeouts: self.timeouts.or(other.timeouts),
        }
    }
}

fn first_filled<T>(first: Vec<T>, second: Vec<T>) -> Vec<T> {
    if first.is_empty() { second } else { first }
}
