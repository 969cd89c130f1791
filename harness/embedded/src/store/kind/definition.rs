//! One kind of the API.

use serde_json::Value;

use super::Decoded;

/// A kind of object, and how the API serves it.
#[derive(Clone, Debug)]
pub struct Kind {
    /// The group; empty for the core.
    pub group: String,
    /// The version: `v1`.
    pub version: String,
    /// The kind: `Pod`.
    pub kind: String,
    /// The resource in paths: `pods`.
    pub plural: String,
    /// The resource with its group, by which the store knows it: `pods`, `deployments.apps`.
    pub resource: String,
    /// Short names for people: `po`.
    pub short_names: Vec<String>,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// Whether `status` is a subresource: written only through it.
    pub has_status: bool,
    /// Whether it is in the category `all`.
    pub in_all: bool,
    /// Reads an object strictly; `None` where any object will do (kinds of custom resources).
    pub decode: Option<fn(&Value) -> Decoded>,
}

impl Kind {
    /// Makes a kind without short names, status or validation. `plural` is the resource in paths.
    #[must_use]
    pub fn new(group: &str, version: &str, kind: &str, plural: &str, namespaced: bool) -> Self {
        let resource = if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") };
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
            resource,
            short_names: Vec::new(),
            namespaced,
            has_status: false,
            in_all: false,
            decode: None,
        }
    }

    /// Returns `v1`, or `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Tells whether its status is told by a `generation` (every kind whose `spec` a controller observes).
    #[must_use]
    pub fn has_generation(&self) -> bool {
        !matches!(
            self.plural.as_str(),
            "configmaps"
                | "secrets"
                | "events"
                | "serviceaccounts"
                | "leases"
                | "nodes"
                | "namespaces"
                | "endpoints"
                | "services"
        )
    }
}

/// Resources that this crate itself reads and writes, as the store knows them.
pub mod resource {
    /// Namespaces.
    pub const NAMESPACES: &str = "namespaces";
    /// Nodes.
    pub const NODES: &str = "nodes";
    /// Pods.
    pub const PODS: &str = "pods";
    /// Services.
    pub const SERVICES: &str = "services";
    /// Config maps.
    pub const CONFIG_MAPS: &str = "configmaps";
    /// Service accounts.
    pub const SERVICE_ACCOUNTS: &str = "serviceaccounts";
    /// Events of the core group.
    pub const EVENTS: &str = "events";
    /// Endpoint slices.
    pub const ENDPOINT_SLICES: &str = "endpointslices.discovery.k8s.io";
    /// Deployments.
    pub const DEPLOYMENTS: &str = "deployments.apps";
    /// Replica sets.
    pub const REPLICA_SETS: &str = "replicasets.apps";
    /// Daemon sets.
    pub const DAEMON_SETS: &str = "daemonsets.apps";
}
