//! The status of a pod (kubernetes/kubernetes:pkg/kubelet/kubelet_pods.go, pkg/kubelet/status/generate.go).

use std::net::IpAddr;

use serde_json::{Value, json};

use super::state::{Doing, State};
use crate::node::container::Exit;
use crate::node::image::shown_as;
use crate::store::object::{condition, now, number, text, uid};

/// What is known of a pod besides its containers.
pub(super) struct Facts<'a> {
    /// Its addresses, the first family first.
    pub(super) addresses: &'a [IpAddr],
    /// Its node's addresses, the first family first.
    pub(super) host: &'a [IpAddr],
    /// When its kubelet took it.
    pub(super) since: &'a str,
}

/// Makes the status of a pod out of the one that it has.
pub(super) fn status(pod: &Value, facts: &Facts<'_>, states: &[State]) -> Value {
    let mut status = pod.get("status").cloned().unwrap_or_else(|| json!({}));
    addresses(&mut status, facts);
    status["startTime"] = facts.since.into();
    status["phase"] = phase(states).into();
    status["observedGeneration"] = number(pod, "/metadata/generation").map_or(Value::Null, Value::from);
    let of = |is_init: bool| -> Vec<Value> {
        states.iter().filter(|state| state.is_init == is_init).map(|state| container(pod, state)).collect()
    };
    let init = of(true);
    if !init.is_empty() {
        status["initContainerStatuses"] = init.into();
    }
    status["containerStatuses"] = of(false).into();
    let mut conditions: Vec<Value> = conditions(states).into_iter().map(|new| since(pod, new)).collect();
    conditions.extend(condition(pod, "PodScheduled").cloned());
    status["conditions"] = conditions.into();
    if let Value::Object(map) = &mut status {
        map.retain(|_, value| !value.is_null());
    }
    status
}

/// Writes a pod's addresses into its status.
pub(super) fn addresses(status: &mut Value, facts: &Facts<'_>) {
    let list = |addresses: &[IpAddr]| -> Value {
        addresses.iter().map(|address| json!({ "ip": address.to_string() })).collect()
    };
    let first = |addresses: &[IpAddr]| addresses.first().map_or(Value::Null, |address| address.to_string().into());
    status["podIP"] = first(facts.addresses);
    status["podIPs"] = list(facts.addresses);
    status["hostIP"] = first(facts.host);
    status["hostIPs"] = list(facts.host);
}

fn phase(states: &[State]) -> &'static str {
    let (init, own): (Vec<&State>, Vec<&State>) = states.iter().partition(|state| state.is_init);
    if init.iter().any(|state| state.is_over && !state.is_sidecar && !state.is_initialized()) {
        return "Failed";
    }
    if !own.is_empty() && own.iter().all(|state| state.is_over) {
        let is_well = |state: &&State| matches!(&state.doing, Doing::Ended(exit) if exit.code == 0);
        return if own.iter().all(is_well) { "Succeeded" } else { "Failed" };
    }
    // A container that waits and never ran keeps the pod from running.
    let has_run = |state: &&State| !matches!(state.doing, Doing::Waiting(..)) || state.last.is_some();
    if own.iter().all(has_run) { "Running" } else { "Pending" }
}

fn conditions(states: &[State]) -> Vec<Value> {
    let (init, own): (Vec<&State>, Vec<&State>) = states.iter().partition(|state| state.is_init);
    let make = |kind: &str, lacking: &[&str], reason: &str, words: &str| match lacking {
        [] => json!({ "type": kind, "status": "True" }),
        names => {
            let message = format!("containers with {words} status: [{}]", names.join(" "));
            json!({ "type": kind, "status": "False", "reason": reason, "message": message })
        }
    };
    let ended = matches!(phase(states), "Succeeded" | "Failed");
    let uninitialized: Vec<&str> =
        init.iter().filter(|state| !state.is_initialized() && !ended).map(|state| state.name()).collect();
    let sidecars = init.iter().filter(|state| state.is_sidecar);
    let unready: Vec<&str> =
        sidecars.chain(&own).filter(|state| !state.counts_as_ready()).map(|state| state.name()).collect();
    let not_ready = if phase(states) == "Succeeded" { "PodCompleted" } else { "ContainersNotReady" };
    vec![
        json!({ "type": "PodReadyToStartContainers", "status": "True" }),
        make("Initialized", &uninitialized, "ContainersNotInitialized", "incomplete"),
        make("Ready", &unready, not_ready, "unready"),
        make("ContainersReady", &unready, not_ready, "unready"),
    ]
}

/// Gives a condition its time: that of the change to what it is.
fn since(pod: &Value, mut new: Value) -> Value {
    let known = condition(pod, text(&new, "/type")).filter(|known| known["status"] == new["status"]);
    new["lastTransitionTime"] = known.map_or_else(|| now().into(), |known| known["lastTransitionTime"].clone());
    new["lastProbeTime"] = Value::Null;
    new
}

fn container(pod: &Value, state: &State) -> Value {
    let image = text(&state.spec, "/image");
    let id = format!("dualproof://{}/{}/{}", uid(pod), state.name(), state.restarts);
    let doing = match &state.doing {
        Doing::Waiting(reason, words) if words.is_empty() => json!({ "waiting": { "reason": reason } }),
        Doing::Waiting(reason, words) => json!({ "waiting": { "reason": reason, "message": words } }),
        Doing::Running(since) => json!({ "running": { "startedAt": since } }),
        Doing::Ended(exit) => json!({ "terminated": terminated(exit, &id) }),
    };
    let last = state.last.as_ref().map_or_else(|| json!({}), |exit| json!({ "terminated": terminated(exit, &id) }));
    let has_run = !matches!(state.doing, Doing::Waiting(..)) || state.last.is_some();
    json!({
        "name": state.name(), "image": image,
        "imageID": if has_run { shown_as(image) } else { String::new() },
        "containerID": if has_run { Value::from(id.as_str()) } else { Value::Null },
        "ready": state.counts_as_ready(), "started": state.is_started, "restartCount": state.restarts,
        "state": doing, "lastState": last,
    })
}

fn terminated(exit: &Exit, id: &str) -> Value {
    let mut told = json!({
        "exitCode": exit.code, "reason": exit.reason, "startedAt": exit.started, "finishedAt": exit.finished, "containerID": id,
    });
    if !exit.message.is_empty() {
        told["message"] = exit.message.as_str().into();
    }
    if exit.code > 128 && exit.reason == "Error" {
        told["signal"] = (exit.code - 128).into();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::container::What;

    fn pod() -> Value {
        json!({"metadata": {"uid": "u"}, "spec": {
            "initContainers": [{"name": "init", "image": "i"}, {"name": "side", "image": "i", "restartPolicy": "Always"}],
            "containers": [{"name": "own", "image": "i"}],
        }})
    }

    fn exit(code: i32) -> What {
        let (started, finished) = ("2026-01-01T00:00:00Z".to_owned(), "2026-01-01T00:00:01Z".to_owned());
        What::Ended(Exit { code, reason: "Error", message: String::new(), started, finished })
    }

    fn told(states: &[State]) -> (String, [String; 3]) {
        let facts = Facts { addresses: &[], host: &[], since: "" };
        let mut pod = pod();
        pod["status"] = status(&pod, &facts, states);
        let of = |kind: &str| {
            let found = condition(&pod, kind).cloned().unwrap_or_default();
            format!("{} {}", text(&found, "/status"), text(&found, "/message"))
        };
        (text(&pod, "/status/phase").to_owned(), [of("Initialized"), of("Ready"), of("ContainersReady")])
    }

    #[test]
    fn a_pod_goes_from_pending_over_its_init_containers_to_ready() {
        let mut states = State::all(&pod());
        let pending = told(&states);
        assert_eq!(pending.0, "Pending");
        assert_eq!(pending.1[0], "False containers with incomplete status: [init side]");
        assert_eq!(pending.1[1], "False containers with unready status: [side own]");
        states[0].learn(exit(0));
        for what in [What::Running(String::new()), What::Started, What::Ready(true)] {
            states[1].learn(what);
        }
        assert_eq!(told(&states).1[0], "True ");
        states[2].learn(What::Running(String::new()));
        let running = told(&states);
        assert_eq!(
            (running.0.as_str(), running.1[1].as_str()),
            ("Running", "False containers with unready status: [own]")
        );
        states[2].learn(What::Ready(true));
        assert_eq!(told(&states).1, ["True ", "True ", "True "]);
    }

    #[test]
    fn a_container_that_fails_again_and_again_is_counted_and_its_pod_runs() {
        let mut states = State::all(&pod());
        for what in [What::Running(String::new()), What::Ready(true), exit(1), What::Running(String::new()), exit(139)]
        {
            states[2].learn(what);
        }
        states[2].learn(What::Waiting("CrashLoopBackOff", "back-off 10s".to_owned()));
        assert_eq!(states[2].restarts, 1);
        assert_eq!(told(&states).0, "Running");
        let shown = container(&pod(), &states[2]);
        assert_eq!(shown["lastState"]["terminated"]["signal"], 11);
        assert_eq!(shown["state"]["waiting"]["reason"], "CrashLoopBackOff");
        assert_eq!(shown["ready"], false);
    }

    #[test]
    fn a_pod_ends_with_its_containers() {
        for (code, phase) in [(0, "Succeeded"), (3, "Failed")] {
            let mut states = State::all(&pod());
            states[2].learn(exit(code));
            states[2].is_over = true;
            assert_eq!(told(&states).0, phase);
        }
        let mut states = State::all(&pod());
        states[0].learn(exit(1));
        states[0].is_over = true;
        assert_eq!(told(&states).0, "Failed");
    }
}
