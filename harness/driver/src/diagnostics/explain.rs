//! Says in one line why a pod is not ready, from what Kubernetes knows of it.

use dualproof_model::evidence::PodRef;
use k8s_openapi::api::core::v1::{ContainerState, ContainerStateTerminated, ContainerStatus, Event, Pod};

/// Container states that end by themselves: no reason to name them while they last.
const PASSING: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// A pod that is not ready, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodTrouble {
    /// The pod.
    pub pod: PodRef,
    /// Why, most telling first: the scheduler's message, waiting containers with their reasons, last terminations.
    pub reasons: Vec<String>,
    /// Containers whose last log lines may say more: they run or ran, and are not ready.
    pub containers: Vec<String>,
}

impl std::fmt::Display for PodTrouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "pod {}: {}", self.pod, self.reasons.join("; "))
    }
}

/// Names a pod; an empty part where the API left it out.
#[must_use]
pub fn pod_ref(pod: &Pod) -> PodRef {
    PodRef {
        namespace: pod.metadata.namespace.clone().unwrap_or_default(),
        name: pod.metadata.name.clone().unwrap_or_default(),
    }
}

/// Tells whether a pod's condition Ready is true and the pod is not going away.
#[must_use]
pub fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    pod.metadata.deletion_timestamp.is_none()
        && conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// Lists a pod's containers by name, init containers included (a native sidecar is one of those).
pub fn container_names(pod: &Pod) -> impl Iterator<Item = &str> {
    pod.spec.iter().flat_map(|spec| {
        let init = spec.init_containers.iter().flatten();
        init.chain(&spec.containers).map(|container| container.name.as_str())
    })
}

/// Explains a pod that is not ready; `None` for one that is.
///
/// A pod that is merely starting is explained too, as `starting: …`, so that a budget that ends early has a last status.
#[must_use]
pub fn explain(pod: &Pod) -> Option<PodTrouble> {
    if is_ready(pod) {
        return None;
    }
    let mut trouble = PodTrouble { pod: pod_ref(pod), reasons: Vec::new(), containers: Vec::new() };
    if pod.metadata.deletion_timestamp.is_some() {
        trouble.reasons.push("is being deleted".to_owned());
    }
    let status = pod.status.clone().unwrap_or_default();
    if let (Some(reason), message) = (&status.reason, status.message.as_deref()) {
        trouble.reasons.push(join(reason, message));
    }
    for condition in status.conditions.iter().flatten() {
        if condition.type_ == "PodScheduled" && condition.status == "False" {
            let reason = condition.reason.as_deref().unwrap_or("not scheduled");
            trouble.reasons.push(format!("Pending, {}", join(reason, condition.message.as_deref())));
        }
    }
    let all = status.init_container_statuses.iter().flatten().chain(status.container_statuses.iter().flatten());
    let mut starting = Vec::new();
    for container in all {
        match container_trouble(container) {
            Container::Fine => {}
            Container::Starting(what) => starting.push(what),
            Container::Stuck { what, has_log } => {
                trouble.reasons.push(what);
                if has_log {
                    trouble.containers.push(container.name.clone());
                }
            }
        }
    }
    if trouble.reasons.is_empty() {
        let phase = status.phase.unwrap_or_else(|| "no phase".to_owned());
        let what = if starting.is_empty() { phase } else { starting.join(", ") };
        trouble.reasons.push(format!("starting: {what}"));
    }
    Some(trouble)
}

/// Tells whether a reason is about the cluster and not about what runs in it: an image that does not come, a node that has
/// no room, a family that the cluster does not have.
#[must_use]
pub fn is_environment(reason: &str) -> bool {
    ["ErrImage", "ImagePullBackOff", "InvalidImageName", "Unschedulable", "not configured for dual-stack services"]
        .iter()
        .any(|words| reason.contains(words))
}

/// Renders warnings as lines, newest first, each text once: `FailedCreate ReplicaSet/x: …`. At most `limit` of them.
#[must_use]
pub fn warnings(events: &[Event], limit: usize) -> Vec<String> {
    let mut sorted: Vec<&Event> = events.iter().filter(|event| event.type_.as_deref() == Some("Warning")).collect();
    sorted.sort_by_key(|event| std::cmp::Reverse(event_time(event)));
    let mut lines: Vec<String> = Vec::new();
    for event in sorted {
        let object = &event.involved_object;
        let line = format!(
            "{} {}/{}: {}",
            event.reason.as_deref().unwrap_or("Warning"),
            object.kind.as_deref().unwrap_or_default(),
            object.name.as_deref().unwrap_or_default(),
            event.message.as_deref().unwrap_or_default().trim(),
        );
        if lines.len() < limit && !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

enum Container {
    Fine,
    Starting(String),
    Stuck { what: String, has_log: bool },
}

fn container_trouble(status: &ContainerStatus) -> Container {
    let name = &status.name;
    let ran_before = status.last_state.as_ref().and_then(|state| state.terminated.as_ref());
    let state = status.state.clone().unwrap_or_default();
    match state {
        ContainerState { waiting: Some(waiting), .. } => {
            let reason = waiting.reason.unwrap_or_else(|| "waiting".to_owned());
            if PASSING.contains(&reason.as_str()) && ran_before.is_none() {
                return Container::Starting(format!("{name} {reason}"));
            }
            let image = if reason.contains("Image") { format!(" ({})", status.image) } else { String::new() };
            let last = ran_before.map(|end| format!(", last {}", ending(end))).unwrap_or_default();
            let what = format!("container {name}{image}: {}{last}", join(&reason, waiting.message.as_deref()));
            Container::Stuck { what, has_log: ran_before.is_some() }
        }
        ContainerState { terminated: Some(end), .. } if end.exit_code != 0 => {
            Container::Stuck { what: format!("container {name}: {}", ending(&end)), has_log: true }
        }
        ContainerState { running: Some(_), .. } if !status.ready => match ran_before {
            Some(end) => Container::Stuck {
                what: format!(
                    "container {name}: running again after {} restarts, not ready, last {}",
                    status.restart_count,
                    ending(end)
                ),
                has_log: true,
            },
            None => Container::Stuck { what: format!("container {name}: running, not ready"), has_log: true },
        },
        _ => Container::Fine,
    }
}

fn ending(end: &ContainerStateTerminated) -> String {
    let reason = end.reason.as_deref().unwrap_or("ended");
    let message = end.message.as_deref().map(|text| format!(": {}", text.trim())).unwrap_or_default();
    format!("{reason} with exit code {}{message}", end.exit_code)
}

fn join(reason: &str, message: Option<&str>) -> String {
    match message.map(str::trim).filter(|message| !message.is_empty()) {
        Some(message) => format!("{reason}: {message}"),
        None => reason.to_owned(),
    }
}

fn event_time(event: &Event) -> String {
    let last = event.last_timestamp.as_ref().map(|time| time.0.to_string());
    let series = event.event_time.as_ref().map(|time| time.0.to_string());
    let made = event.metadata.creation_timestamp.as_ref().map(|time| time.0.to_string());
    last.or(series).or(made).unwrap_or_default()
}
