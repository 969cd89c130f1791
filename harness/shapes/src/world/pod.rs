//! Pods.

use std::collections::BTreeMap;
use std::net::IpAddr;

use dualproof_model::evidence::PodRef;

/// The label that the injector gives a pod whose proxy takes mTLS (istio/istio:pkg/kube/inject/webhook.go).
const TLS_MODE: &str = "security.istio.io/tlsMode";
const CANONICAL_NAME: &str = "service.istio.io/canonical-name";
const CANONICAL_REVISION: &str = "service.istio.io/canonical-revision";

/// A pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pod {
    /// Its namespace and name.
    pub id: PodRef,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// `status.podIPs`, in their order.
    pub ips: Vec<IpAddr>,
    /// `spec.serviceAccountName`; `default` where it is left out.
    pub service_account: String,
    /// The node it runs on; empty before it is bound.
    pub node: String,
    /// The name of the Deployment, Job or other owner; the pod's own name where it has none.
    pub workload: String,
    /// Names of its containers, those of init containers left out.
    pub containers: Vec<String>,
    /// Named ports of its containers.
    pub named_ports: BTreeMap<String, u16>,
}

impl Pod {
    /// Tells whether the pod's proxy takes mTLS: the injector's label `security.istio.io/tlsMode: istio`.
    #[must_use]
    pub fn takes_mtls(&self) -> bool {
        self.labels.get(TLS_MODE).is_some_and(|mode| mode == "istio")
    }

    /// Names the workload's service as telemetry does (istio/istio:pkg/model/proxy.go `CanonicalServiceName`).
    #[must_use]
    pub fn canonical_name(&self) -> &str {
        self.first_label([CANONICAL_NAME, "app.kubernetes.io/name", "app"]).unwrap_or(&self.workload)
    }

    /// Names the workload's revision as telemetry does; `None` where no label says one.
    #[must_use]
    pub fn canonical_revision(&self) -> Option<&str> {
        self.first_label([CANONICAL_REVISION, "app.kubernetes.io/version", "version"])
    }

    fn first_label(&self, keys: [&str; 3]) -> Option<&str> {
        keys.iter().find_map(|key| self.labels.get(*key)).map(String::as_str)
    }
}
