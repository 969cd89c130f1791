//! Why pods are not ready: texts from what a real cluster said (Kubernetes 1.36).

use dualproof_driver::diagnostics::{explain, is_environment, warnings};
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::ObjectList;
use serde_json::{Value, json};

type Checked = Result<(), Box<dyn std::error::Error>>;

fn recorded() -> Result<Vec<Pod>, serde_json::Error> {
    let list: ObjectList<Pod> = serde_json::from_str(include_str!("fixtures/pods-in-trouble.json"))?;
    Ok(list.items)
}

fn pod(status: Value) -> Result<Pod, serde_json::Error> {
    serde_json::from_value(json!({"metadata": {"name": "p", "namespace": "ns"},
        "spec": {"containers": [{"name": "c"}]}, "status": status}))
}

#[test]
fn each_recorded_trouble_is_said_in_its_own_words() -> Checked {
    let expected = [
        ("big-", "Pending, Unschedulable: 0/1 nodes are available: 1 Insufficient cpu", &[][..], true),
        ("crash-", "container c: Error with exit code 3", &["c"][..], false),
        ("image-", "container c (docker.io/nope/nope:1): ImagePullBackOff: Back-off pulling image", &[][..], true),
        ("initcrash-", "container i: Error with exit code 4", &["i"][..], false),
        ("unready-", "container c: running, not ready", &["c"][..], false),
    ];
    let pods = recorded()?;
    assert_eq!(pods.len(), expected.len());
    for (name, text, containers, environment) in expected {
        let pod = pods.iter().find(|pod| pod.metadata.name.as_deref().is_some_and(|own| own.starts_with(name)));
        let trouble = explain(pod.ok_or(name)?).ok_or_else(|| format!("{name} is in trouble"))?;
        assert_eq!(trouble.reasons.len(), 1, "{trouble}");
        assert!(trouble.reasons[0].starts_with(text), "{trouble}");
        assert_eq!(trouble.containers, containers, "{name}");
        assert_eq!(is_environment(&trouble.to_string()), environment, "{trouble}");
        assert!(trouble.to_string().starts_with(&format!("pod bad/{name}")), "{trouble}");
    }
    Ok(())
}

#[test]
fn a_crash_loop_tells_how_it_ended_last() -> Checked {
    let waiting = json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 20s"}});
    let last = json!({"terminated": {"exitCode": 137, "reason": "OOMKilled"}});
    let status = json!({"phase": "Running", "containerStatuses": [{"name": "c", "image": "i", "imageID": "", "ready": false,
        "restartCount": 3, "state": waiting, "lastState": last}]});
    let trouble = explain(&pod(status)?).ok_or("it crashes")?;
    assert_eq!(trouble.reasons, ["container c: CrashLoopBackOff: back-off 20s, last OOMKilled with exit code 137"]);
    assert_eq!(trouble.containers, ["c"]);
    Ok(())
}

#[test]
fn starting_and_evicted_and_leaving_pods_have_a_status_too() -> Checked {
    let creating = json!({"phase": "Pending", "containerStatuses": [{"name": "c", "image": "i", "imageID": "", "ready": false,
        "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}}]});
    let starting = explain(&pod(creating)?).ok_or("it is not ready")?;
    assert_eq!(starting.reasons, ["starting: c ContainerCreating"]);
    assert!(starting.containers.is_empty());

    let evicted = pod(json!({"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory."}))?;
    assert_eq!(explain(&evicted).ok_or("it failed")?.reasons, ["Evicted: The node was low on memory."]);

    let mut leaving = pod(json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}))?;
    assert_eq!(explain(&leaving), None);
    leaving.metadata.deletion_timestamp = serde_json::from_value(json!("2026-01-01T00:00:00Z"))?;
    assert_eq!(explain(&leaving).ok_or("it goes")?.reasons, ["is being deleted"]);
    Ok(())
}

#[test]
fn warnings_are_newest_first_each_once_and_bounded() -> Checked {
    let event = |kind: &str, minute: u32, message: &str| {
        json!({"metadata": {"name": "e", "namespace": "ns"}, "type": kind, "reason": "FailedCreate", "message": message,
            "lastTimestamp": format!("2026-01-01T00:{minute:02}:00Z"),
            "involvedObject": {"kind": "ReplicaSet", "name": "x"}})
    };
    let webhook = "failed calling webhook \"namespace.sidecar-injector.istio.io\"";
    let events: Vec<Event> = serde_json::from_value(json!([
        event("Warning", 1, "first"),
        event("Normal", 9, "nothing wrong"),
        event("Warning", 3, webhook),
        event("Warning", 2, webhook),
        event("Warning", 0, "oldest"),
    ]))?;
    let lines = warnings(&events, 2);
    assert_eq!(lines, [format!("FailedCreate ReplicaSet/x: {webhook}"), "FailedCreate ReplicaSet/x: first".to_owned()]);
    Ok(())
}
