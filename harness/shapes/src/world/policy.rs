//! PeerAuthentications: who must speak mTLS.

use std::collections::BTreeMap;

use super::World;

/// How a server takes connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MtlsMode {
    /// Plaintext only.
    Disable,
    /// Both.
    Permissive,
    /// mTLS only.
    Strict,
}

/// A PeerAuthentication.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerAuthentication {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// `metadata.creationTimestamp` as it is written; the older of two wins.
    pub created: String,
    /// `spec.selector.matchLabels`; empty for a whole namespace or the mesh.
    pub selector: BTreeMap<String, String>,
    /// `spec.mtls.mode`; `None` inherits.
    pub mode: Option<MtlsMode>,
    /// `spec.portLevelMtls`, by the pod's port; `None` inherits.
    pub ports: BTreeMap<u16, Option<MtlsMode>>,
}

/// What holds for one workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MtlsRules {
    /// For every port that is not named.
    pub mode: MtlsMode,
    /// For ports that are.
    pub ports: BTreeMap<u16, MtlsMode>,
}

impl MtlsRules {
    /// What holds for one port of the pod.
    #[must_use]
    pub fn port(&self, port: u16) -> MtlsMode {
        self.ports.get(&port).copied().unwrap_or(self.mode)
    }
}

impl World {
    /// Merges what the mesh, the namespace and the workload say, the narrower above the wider, the older above the younger
    /// (istio/istio:pilot/pkg/security/authn/policy_applier.go `ComposePeerAuthentication`). Nothing said is PERMISSIVE. A policy
    /// with a selector in the root namespace counts for nothing, as in Istio.
    #[must_use]
    pub fn mtls(&self, namespace: &str, labels: &BTreeMap<String, String>, root: &str) -> MtlsRules {
        let workload = self.oldest(|policy| {
            policy.namespace == namespace
                && policy.namespace != root
                && !policy.selector.is_empty()
                && policy.selector.iter().all(|(key, value)| labels.get(key) == Some(value))
        });
        let wider = self.namespace_mtls(namespace, root).unwrap_or(MtlsMode::Permissive);
        let mode = workload.and_then(|policy| policy.mode).unwrap_or(wider);
        let ports = workload.map(|policy| &policy.ports).into_iter().flatten();
        MtlsRules { mode, ports: ports.map(|(port, own)| (*port, own.unwrap_or(mode))).collect() }
    }

    /// What namespace and mesh say, without workloads; `None` where they say nothing.
    #[must_use]
    pub fn namespace_mtls(&self, namespace: &str, root: &str) -> Option<MtlsMode> {
        let of = |wanted: &str| self.oldest(|policy| policy.selector.is_empty() && policy.namespace == wanted);
        let own = if namespace == root { None } else { of(namespace).and_then(|policy| policy.mode) };
        own.or_else(|| of(root).and_then(|policy| policy.mode))
    }

    fn oldest(&self, wanted: impl Fn(&PeerAuthentication) -> bool) -> Option<&PeerAuthentication> {
        self.policies.iter().filter(|policy| wanted(policy)).min_by_key(|policy| (&policy.created, &policy.name))
    }
}
