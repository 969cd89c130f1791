//! Pods (kubernetes/kubernetes:pkg/printers/internalversion/printers.go `printPod`).

use serde_json::Value;

use super::cells::age;
use super::column::{Column, column, wide};
use crate::store::object::{has_ended, holds, is_terminating, items, number, text};

pub(super) fn columns(name: Column, age: Column) -> Vec<Column> {
    vec![
        name,
        column("Ready", |pod| {
            let told = Told::of(pod);
            format!("{}/{}", told.ready, told.containers).into()
        }),
        column("Status", |pod| Told::of(pod).word.into()),
        column("Restarts", |pod| Told::of(pod).restarts().into()),
        age,
        wide("IP", |pod| named(text(pod, "/status/podIP"))),
        wide("Node", |pod| named(text(pod, "/spec/nodeName"))),
        wide("Nominated Node", |pod| named(text(pod, "/status/nominatedNodeName"))),
        wide("Readiness Gates", |_| named("")),
    ]
}

fn named(text: &str) -> Value {
    if text.is_empty() { "<none>".into() } else { text.into() }
}

/// What a pod's row tells of its containers. Sidecars, which are init containers that go on, count among those that are ready; other init
/// containers tell only how far they have come.
struct Told<'a> {
    ready: usize,
    containers: usize,
    /// The one word that tells most: how far it is initialized, why a container waits, how one ended, or its phase.
    word: String,
    restarts: i64,
    /// The status of the container that ended last before it was started again.
    restarted: Option<&'a Value>,
}

impl<'a> Told<'a> {
    fn of(pod: &'a Value) -> Self {
        let (own, phase) = (text(pod, "/status/reason"), text(pod, "/status/phase"));
        let mut told = Self {
            ready: 0,
            containers: items(pod, "/spec/containers").len() + sidecars(pod).count(),
            word: if own.is_empty() { phase } else { own }.to_owned(),
            restarts: 0,
            restarted: None,
        };
        let stuck = told.initializing(pod);
        if !stuck || holds(pod, "Initialized") {
            told.running(pod);
        }
        if is_terminating(pod) && !has_ended(pod) {
            told.word = "Terminating".to_owned();
        }
        told
    }

    /// Reads the init containers up to the first that holds the others up, and tells whether there is one.
    fn initializing(&mut self, pod: &'a Value) -> bool {
        let all = items(pod, "/spec/initContainers").len();
        for (index, status) in items(pod, "/status/initContainerStatuses").iter().enumerate() {
            self.restarted(status);
            let is_sidecar = sidecars(pod).any(|sidecar| text(sidecar, "/name") == text(status, "/name"));
            let (waiting, ended) = (text(status, "/state/waiting/reason"), status.pointer("/state/terminated"));
            match ended {
                Some(ended) if number(ended, "/exitCode") == Some(0) => {}
                _ if is_sidecar && status["started"] == Value::Bool(true) => {
                    self.ready += usize::from(is_ready(status));
                }
                Some(ended) => {
                    self.word = format!("Init:{}", ending(ended));
                    return true;
                }
                None if !waiting.is_empty() && waiting != "PodInitializing" => {
                    self.word = format!("Init:{waiting}");
                    return true;
                }
                None => {
                    self.word = format!("Init:{index}/{all}");
                    return true;
                }
            }
        }
        false
    }

    /// Reads the containers of a pod that is initialized: then init containers that have ended no longer count.
    fn running(&mut self, pod: &'a Value) {
        (self.restarts, self.restarted) = (0, None);
        for sidecar in sidecars(pod) {
            let mut statuses = items(pod, "/status/initContainerStatuses").iter();
            if let Some(status) = statuses.find(|status| text(status, "/name") == text(sidecar, "/name")) {
                self.restarted(status);
            }
        }
        let mut runs = false;
        for status in items(pod, "/status/containerStatuses").iter().rev() {
            self.restarted(status);
            let waiting = text(status, "/state/waiting/reason");
            if !waiting.is_empty() {
                self.word = waiting.to_owned();
            } else if let Some(ended) = status.pointer("/state/terminated") {
                self.word = ending(ended);
            } else if is_ready(status) && status.pointer("/state/running").is_some() {
                runs = true;
                self.ready += 1;
            }
        }
        if runs && self.word == "Completed" {
            self.word = if holds(pod, "Ready") { "Running" } else { "NotReady" }.to_owned();
        }
    }

    fn restarted(&mut self, status: &'a Value) {
        self.restarts += number(status, "/restartCount").unwrap_or_default();
        // Times of one form compare as text.
        if self.restarted.is_none_or(|before| text(before, ENDED) < text(status, ENDED)) {
            self.restarted = Some(status);
        }
    }

    /// Says how often containers were started again, and when that was last.
    fn restarts(&self) -> String {
        match self.restarted.filter(|status| self.restarts > 0 && !text(status, ENDED).is_empty()) {
            Some(status) => format!("{} ({} ago)", self.restarts, age(status, ENDED)),
            None => self.restarts.to_string(),
        }
    }
}

/// When a container had ended before it was started again.
const ENDED: &str = "/lastState/terminated/finishedAt";

/// The init containers that go on while others run.
fn sidecars(pod: &Value) -> impl Iterator<Item = &Value> {
    items(pod, "/spec/initContainers").iter().filter(|container| text(container, "/restartPolicy") == "Always")
}

fn is_ready(status: &Value) -> bool {
    status["ready"] == Value::Bool(true)
}

/// Why a container ended, in a word.
fn ending(ended: &Value) -> String {
    let reason = text(ended, "/reason");
    match number(ended, "/signal").filter(|signal| *signal != 0) {
        _ if !reason.is_empty() => reason.to_owned(),
        Some(signal) => format!("Signal:{signal}"),
        None => format!("ExitCode:{}", number(ended, "/exitCode").unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Told;

    fn pod(init: &[Value], containers: &[Value]) -> Value {
        json!({
            "spec": {
                "initContainers": [{"name": "init"}, {"name": "sidecar", "restartPolicy": "Always"}],
                "containers": [{"name": "app"}],
            },
            "status": {"phase": "Pending", "initContainerStatuses": init, "containerStatuses": containers},
        })
    }

    fn status(name: &str, state: Value, ready: bool) -> Value {
        json!({"name": name, "state": state, "ready": ready, "started": ready, "restartCount": 0})
    }

    #[test]
    fn a_row_tells_how_far_a_pod_has_come() {
        let waits = |reason: &str| json!({"waiting": {"reason": reason}});
        let ended = |code: i64, reason: &str| json!({"terminated": {"exitCode": code, "reason": reason}});
        let runs = || json!({"running": {}});
        let app = |state: Value, ready: bool| vec![status("app", state, ready)];
        let done = status("init", ended(0, "Completed"), true);
        let sidecar = status("sidecar", runs(), true);
        let idle = || app(waits("PodInitializing"), false);
        let cases = [
            (vec![], vec![], "0/2 Pending"),
            (vec![status("init", waits("PodInitializing"), false)], idle(), "0/2 Init:0/2"),
            (vec![status("init", waits("ErrImagePull"), false)], idle(), "0/2 Init:ErrImagePull"),
            (vec![status("init", ended(1, "Error"), false)], idle(), "0/2 Init:Error"),
            (vec![status("init", ended(7, ""), false)], idle(), "0/2 Init:ExitCode:7"),
            (
                vec![status("init", json!({"terminated": {"exitCode": 137, "signal": 9}}), false)],
                idle(),
                "0/2 Init:Signal:9",
            ),
            (vec![done.clone(), status("sidecar", runs(), false)], idle(), "0/2 Init:1/2"),
            (
                vec![done.clone(), status("sidecar", waits("CrashLoopBackOff"), false)],
                idle(),
                "0/2 Init:CrashLoopBackOff",
            ),
            (vec![done.clone(), sidecar.clone()], idle(), "1/2 PodInitializing"),
            (vec![done.clone(), sidecar.clone()], app(runs(), false), "1/2 Pending"),
            (vec![done.clone(), sidecar.clone()], app(runs(), true), "2/2 Pending"),
            (vec![done.clone(), sidecar.clone()], app(ended(3, "Error"), false), "1/2 Error"),
            (vec![done, sidecar], app(waits("CrashLoopBackOff"), false), "1/2 CrashLoopBackOff"),
        ];
        for (init, containers, words) in cases {
            let pod = pod(&init, &containers);
            let told = Told::of(&pod);
            assert_eq!(format!("{}/{} {}", told.ready, told.containers, told.word), words, "{pod}");
        }
    }

    #[test]
    fn a_pod_that_is_deleted_terminates_until_it_has_ended() {
        let mut pod = pod(&[], &[]);
        pod["metadata"] = json!({"deletionTimestamp": "2026-01-01T00:00:00Z"});
        assert_eq!(Told::of(&pod).word, "Terminating");
        pod["status"]["phase"] = "Failed".into();
        assert_eq!(Told::of(&pod).word, "Failed");
    }

    #[test]
    fn a_pod_runs_while_one_container_of_two_does() {
        let both = [
            status("app", json!({"running": {}}), true),
            status("job", json!({"terminated": {"exitCode": 0, "reason": "Completed"}}), false),
        ];
        let mut pod =
            json!({"spec": {"containers": [{}, {}]}, "status": {"phase": "Running", "containerStatuses": both}});
        assert_eq!(Told::of(&pod).word, "NotReady");
        pod["status"]["conditions"] = json!([{"type": "Ready", "status": "True"}]);
        assert_eq!(Told::of(&pod).word, "Running");
    }

    #[test]
    fn restarts_say_when_the_last_was() {
        let again = |name: &str, count: i64, at: &str, state: Value| {
            json!({"name": name, "restartCount": count, "state": state, "started": true, "ready": true,
                "lastState": {"terminated": {"exitCode": 1, "finishedAt": at}}})
        };
        let (early, late) = ("2000-01-01T00:00:00Z", jiff::Timestamp::now().to_string());
        let (runs, done) = (json!({"running": {}}), json!({"terminated": {"exitCode": 0, "reason": "Completed"}}));
        let init = [again("init", 4, &late, done), again("sidecar", 2, &late, runs.clone())];
        let pod = pod(&init, &[again("app", 1, early, runs)]);
        assert_eq!(Told::of(&pod).restarts, 3, "those of an init container that has ended are left out");
        assert!(Told::of(&pod).restarts().starts_with("3 (") && Told::of(&pod).restarts().ends_with("s ago)"));
        assert_eq!(Told::of(&self::pod(&[], &[])).restarts(), "0");
    }
}
