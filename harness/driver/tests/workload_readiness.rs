//! When workloads count as ready, from the API server's JSON.

use dualproof_driver::workload::{
    daemon_set_lacks, deployment_lacks, endpoints_lacking, pods_lacking, without_sidecar,
};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment};
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

type Checked = Result<(), Box<dyn std::error::Error>>;

fn read<K: DeserializeOwned>(mut object: Value, name: &str) -> Result<K, serde_json::Error> {
    object["metadata"]["name"] = name.into();
    object["metadata"]["namespace"] = "ns".into();
    serde_json::from_value(object)
}

fn deployment(replicas: u32, status: Value) -> Result<Deployment, serde_json::Error> {
    let template = json!({"spec": {"containers": []}});
    let spec = json!({"replicas": replicas, "selector": {}, "template": template});
    read(json!({"metadata": {"generation": 2}, "spec": spec, "status": status}), "d")
}

#[test]
fn a_deployment_is_ready_when_its_newest_generation_is_wholly_available() -> Checked {
    let ready = json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2});
    assert_eq!(deployment_lacks(&deployment(2, ready.clone())?), None);
    let cases = [
        ("generation", json!({"observedGeneration": 1})),
        ("old replica left", json!({"replicas": 3})),
        ("not updated", json!({"updatedReplicas": 1})),
        ("not available", json!({"availableReplicas": 1})),
    ];
    for (what, change) in cases {
        let mut status = ready.clone();
        for (key, value) in change.as_object().ok_or("an object")? {
            status[key] = value.clone();
        }
        assert!(deployment_lacks(&deployment(2, status)?).is_some(), "{what}");
    }
    let refused = json!({"conditions": [{"type": "ReplicaFailure", "status": "True",
        "message": "Internal error occurred: failed calling webhook \"namespace.sidecar-injector.istio.io\""}]});
    let lacks = deployment_lacks(&deployment(1, refused)?).ok_or("it has no pods")?;
    assert_eq!(
        lacks,
        "deployment ns/d: 0 of 1 replicas available, Internal error occurred: failed calling webhook \
         \"namespace.sidecar-injector.istio.io\""
    );
    Ok(())
}

#[test]
fn a_daemon_set_must_run_somewhere() -> Checked {
    let of = |wanted: u32, updated: u32, available: u32| {
        let status = json!({"observedGeneration": 1, "desiredNumberScheduled": wanted, "updatedNumberScheduled": updated,
            "numberAvailable": available, "currentNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0});
        let spec = json!({"selector": {}, "template": {"spec": {"containers": []}}});
        read::<DaemonSet>(json!({"metadata": {"generation": 1}, "spec": spec, "status": status}), "s")
    };
    assert_eq!(daemon_set_lacks(&of(2, 2, 2)?), None);
    for (wanted, updated, available) in [(0, 0, 0), (2, 1, 2), (2, 2, 1)] {
        assert!(daemon_set_lacks(&of(wanted, updated, available)?).is_some(), "{wanted} {updated} {available}");
    }
    Ok(())
}

fn pod(name: &str, containers: &[&str], init: &[&str], ready: bool) -> Result<Pod, serde_json::Error> {
    let named = |names: &[&str]| names.iter().map(|name| json!({"name": name})).collect::<Vec<_>>();
    let condition = json!({"type": "Ready", "status": if ready { "True" } else { "False" }});
    read(
        json!({"spec": {"containers": named(containers), "initContainers": named(init)},
            "status": {"phase": "Running", "conditions": [condition]}}),
        name,
    )
}

#[test]
fn a_sidecar_may_be_a_container_or_an_init_container() -> Checked {
    let pods = [
        pod("classic", &["app", "istio-proxy"], &["istio-init"], true)?,
        pod("native", &["app"], &["istio-init", "istio-proxy"], true)?,
        pod("naked", &["app"], &[], true)?,
    ];
    let missed: Vec<String> = without_sidecar(&pods, "istio-proxy").iter().map(ToString::to_string).collect();
    assert_eq!(missed, ["ns/naked"]);
    Ok(())
}

#[test]
fn pods_that_leave_or_have_ended_are_not_waited_for() -> Checked {
    let mut leaving = pod("leaving", &["app"], &[], false)?;
    leaving.metadata.deletion_timestamp = serde_json::from_value(json!("2026-01-01T00:00:00Z"))?;
    let mut ended = pod("ended", &["app"], &[], false)?;
    if let Some(status) = ended.status.as_mut() {
        status.phase = Some("Succeeded".to_owned());
    }
    let pods = [leaving, ended, pod("ready", &["app"], &[], true)?, pod("late", &["app"], &[], false)?];
    assert_eq!(pods_lacking(&pods), ["pod ns/late: starting: Running"]);
    Ok(())
}

fn service(name: &str, families: &[&str], selector: Value) -> Result<Service, serde_json::Error> {
    read(json!({"spec": {"ipFamilies": families, "selector": selector}}), name)
}

fn slice(service: &str, family: &str, endpoints: Value) -> Result<EndpointSlice, serde_json::Error> {
    let labels = json!({"kubernetes.io/service-name": service});
    let object = json!({"metadata": {"labels": labels}, "addressType": family, "endpoints": endpoints});
    read(object, &format!("{service}-{family}"))
}

#[test]
fn every_family_of_a_service_needs_a_ready_endpoint() -> Checked {
    let selector = json!({"app": "x"});
    let services = [
        service("dual", &["IPv6", "IPv4"], selector.clone())?,
        service("half", &["IPv4", "IPv6"], selector.clone())?,
        service("slow", &["IPv4"], selector)?,
        service("by-hand", &["IPv4", "IPv6"], Value::Null)?,
    ];
    let implied = json!([{"addresses": ["10.0.0.1"]}]);
    let ready = json!([{"addresses": ["fd00::1"], "conditions": {"ready": true}}]);
    let unready = json!([{"addresses": ["10.0.0.2"], "conditions": {"ready": false}}]);
    let slices = [
        slice("dual", "IPv4", implied.clone())?,
        slice("dual", "IPv6", ready)?,
        slice("half", "IPv4", implied)?,
        slice("half", "IPv6", json!([]))?,
        slice("slow", "IPv4", unready)?,
    ];
    assert_eq!(
        endpoints_lacking(&services, &slices),
        ["service ns/half: no ready IPv6 endpoint", "service ns/slow: no ready IPv4 endpoint"]
    );
    Ok(())
}
