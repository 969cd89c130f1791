//! Sidecar resources: which calls a workload's proxy lets out, and to whom.

use std::collections::BTreeMap;

use super::{Service, World};

/// What becomes of calls to those whom the proxy does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutboundMode {
    /// They go where they wanted to.
    #[default]
    AllowAny,
    /// They go nowhere.
    RegistryOnly,
}

/// A Sidecar resource, as far as it says which calls go out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// `metadata.creationTimestamp` as it is written; the older of two wins.
    pub created: String,
    /// `spec.workloadSelector.labels`; empty for a whole namespace or the mesh.
    pub selector: BTreeMap<String, String>,
    /// `spec.outboundTrafficPolicy.mode`; `None` is the mesh's.
    pub outbound: Option<OutboundMode>,
    /// The hosts of `spec.egress`, each `namespace/name`; empty for all.
    pub hosts: Vec<EgressHost>,
}

/// Which Services a proxy knows: `namespace/name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EgressHost {
    /// A namespace, `*` for all, `.` for the Sidecar's own, `~` for none.
    pub namespace: String,
    /// A host's name in full, or `*` or `*.` and the end of one.
    pub name: String,
}

impl Scope {
    /// Tells whether a proxy in this scope knows a Service, whose host name is spelled in full.
    #[must_use]
    pub fn knows(&self, service: &Service, host: &str) -> bool {
        let fits = |listed: &EgressHost| {
            let in_namespace = match listed.namespace.as_str() {
                "*" => true,
                "." => service.namespace == self.namespace,
                named => service.namespace == named,
            };
            let is_named = match listed.name.strip_prefix('*') {
                Some(end) => host.ends_with(end),
                None => host == listed.name,
            };
            in_namespace && is_named
        };
        self.hosts.is_empty() || self.hosts.iter().any(fits)
    }
}

impl World {
    /// Finds the Sidecar resource of a workload: the oldest that picks it, else that of its namespace, else that of the root namespace
    /// (istio/istio:pilot/pkg/model/push_context.go `getSidecarScope`). One that has a selector counts in its own namespace only.
    #[must_use]
    pub fn scope(&self, namespace: &str, labels: &BTreeMap<String, String>, root: &str) -> Option<&Scope> {
        let oldest = |wanted: &dyn Fn(&Scope) -> bool| {
            self.scopes.iter().filter(|scope| wanted(scope)).min_by_key(|scope| (&scope.created, &scope.name))
        };
        let of = |wanted: &str| oldest(&|scope| scope.namespace == wanted && scope.selector.is_empty());
        let picks = |scope: &Scope| scope.selector.iter().all(|(key, value)| labels.get(key) == Some(value));
        oldest(&|scope| scope.namespace == namespace && !scope.selector.is_empty() && picks(scope))
            .or_else(|| of(namespace))
            .or_else(|| of(root))
    }
}
