//! The whole of it, in the order of the API server
//! (kubernetes/kubernetes:pkg/registry/core/service/storage/storage.go).

use std::sync::atomic::AtomicUsize;

use serde_json::{Value, json};

use super::fields::{Fields, Seen};
use super::{addresses, families, node_ports, related, update};
use crate::controller::ClusterConfig;
use crate::store::{Admission, Cause, Kind, Refusal, State, object, resource};

/// Gives Services their families, cluster addresses and node ports, and refuses those that cannot have them.
#[derive(Debug)]
pub struct ServiceAdmission {
    config: ClusterConfig,
    /// Where the next free address is looked for, so that one that was given up is not given again at once.
    cursor: AtomicUsize,
}

impl ServiceAdmission {
    /// Makes it for a cluster.
    #[must_use]
    pub fn new(config: &ClusterConfig) -> Self {
        Self { config: config.clone(), cursor: AtomicUsize::new(0) }
    }
}

impl Admission for ServiceAdmission {
    fn admit(&self, state: &State, kind: &Kind, before: Option<&Value>, object: &mut Value) -> Result<(), Refusal> {
        if kind.resource != resource::SERVICES {
            return Ok(());
        }
        let name = object::name(object).to_owned();
        let invalid = |causes: Vec<Cause>| Refusal::Invalid { kind: "Service".to_owned(), name: name.clone(), causes };
        let before = before.map(Seen);
        let mut service = Fields(object);
        defaults(&mut service);
        update::normalize(&mut service, before);
        if let Some(before) = before {
            update::keep_allocated(&mut service, before);
        }
        let causes = related::ports(service.seen());
        if !causes.is_empty() {
            return Err(invalid(causes));
        }
        if service.seen().is_external() {
            for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
                service.set(field, Value::Null);
            }
            return Ok(());
        }
        if !update::is_unchanged_prefer(service.seen(), before) {
            families::choose(&self.config, &mut service, before).map_err(invalid)?;
            addresses::allocate(&self.config, &self.cursor, state, &mut service, before)
                .map_err(|cause| cause.refusal(&name))?;
        }
        let causes = before.map(|before| update::causes(service.seen(), before)).unwrap_or_default();
        if !causes.is_empty() {
            return Err(invalid(causes));
        }
        node_ports::allocate(&self.config, state, &mut service).map_err(|cause| cause.refusal(&name))
    }
}

/// Fills in what a Service does not say (kubernetes/kubernetes:pkg/apis/core/v1/defaults.go `SetDefaults_Service`).
fn defaults(service: &mut Fields<'_>) {
    let kind = service.seen().kind().to_owned();
    let mut fill = |field: &str, value: Value| {
        if service.0.pointer(&format!("/spec/{field}")).is_none_or(Value::is_null) {
            service.set(field, value);
        }
    };
    fill("type", kind.clone().into());
    fill("sessionAffinity", "None".into());
    if kind != "ExternalName" {
        fill("internalTrafficPolicy", "Cluster".into());
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        fill("externalTrafficPolicy", "Cluster".into());
    }
    if kind == "LoadBalancer" {
        fill("allocateLoadBalancerNodePorts", true.into());
    }
    if let Some(Value::Array(ports)) = service.0.pointer_mut("/spec/ports") {
        for port in ports.iter_mut().filter(|port| port.is_object()) {
            if port.get("protocol").is_none_or(Value::is_null) {
                port["protocol"] = "TCP".into();
            }
            if port.get("targetPort").is_none_or(|target| target.is_null() || target == 0 || target == "") {
                port["targetPort"] = port["port"].clone();
            }
        }
    }
    if service.0.get("status").is_none() {
        service.0["status"] = json!({ "loadBalancer": {} });
    }
}
