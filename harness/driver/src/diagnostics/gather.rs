//! Asks the API server about pods in trouble.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::ObjectList;
use serde::de::DeserializeOwned;

use super::{PodTrouble, explain, pod_ref, warnings};
use crate::api;
use crate::cluster::Cluster;
use crate::context::RunContext;
use crate::trouble::chain;

/// Warnings that are kept of one namespace.
const WARNINGS: usize = 20;
/// Lines of a log that stand beside a reason.
const LOG_LINES: i64 = 3;
/// The most of such a line that is kept, in characters.
const LINE: usize = 200;
/// How long [`reasons`] may take: the run has failed already.
const BUDGET: Duration = Duration::from_secs(10);

/// What one namespace says of itself.
pub(super) struct Namespace {
    /// Its name.
    pub(super) name: String,
    /// The names of all its pods.
    pub(super) pods: Vec<String>,
    /// Its pods that are not ready.
    pub(super) troubles: Vec<PodTrouble>,
    /// Its warnings, newest first.
    pub(super) warnings: Vec<String>,
    /// What could not be asked, and why.
    pub(super) unknown: Vec<String>,
}

/// Says in lines why the pods of some namespaces are not ready: the scheduler's words, images that do not come, crashes with
/// the last lines of their log, and, where a controller could not even make its pods, the warning that says so.
///
/// Takes at most ten seconds. What could not be asked for is a line, too; empty when everything is ready.
pub async fn reasons(context: &RunContext, cluster: &Cluster, namespaces: &[impl AsRef<str> + Sync]) -> Vec<String> {
    let mut lines = Vec::new();
    // What is known when the time is up stays: the lines are outside of what is dropped.
    let work = async {
        for name in namespaces {
            let namespace = look(context, cluster, name.as_ref()).await;
            for trouble in &namespace.troubles {
                lines.push(trouble.to_string());
            }
            for trouble in &namespace.troubles {
                for container in &trouble.containers {
                    if let Some(said) = last_words(context, cluster, trouble, container).await {
                        lines.push(format!("pod {} container {container} last said: {said}", trouble.pod));
                    }
                }
            }
            let others = namespace.warnings.iter().filter(|line| tells_more(line, &namespace.pods));
            lines.extend(others.take(5).map(|line| format!("in {}: {line}", namespace.name)));
            lines.extend(namespace.unknown.iter().map(|why| format!("in {}: not known: {why}", namespace.name)));
        }
    };
    if tokio::time::timeout(BUDGET, work).await.is_err() {
        lines.push(format!("the API server did not tell all within {} s", BUDGET.as_secs()));
    }
    lines
}

/// Reads a namespace's pods and warnings.
pub(super) async fn look(context: &RunContext, cluster: &Cluster, name: &str) -> Namespace {
    let (pods, events) = futures_util::join!(
        list::<Pod>(context, cluster, format!("/api/v1/namespaces/{name}/pods")),
        list::<Event>(context, cluster, format!("/api/v1/namespaces/{name}/events")),
    );
    let mut namespace = Namespace {
        name: name.to_owned(),
        pods: Vec::new(),
        troubles: Vec::new(),
        warnings: Vec::new(),
        unknown: Vec::new(),
    };
    match pods {
        Ok(pods) => {
            namespace.pods = pods.iter().map(|pod| pod_ref(pod).name).collect();
            namespace.troubles = pods.iter().filter(|pod| !has_succeeded(pod)).filter_map(explain).collect();
        }
        Err(why) => namespace.unknown.push(why),
    }
    match events {
        Ok(events) => namespace.warnings = warnings(&events, WARNINGS),
        Err(why) => namespace.unknown.push(why),
    }
    namespace
}

/// Tells whether a warning says what no pod says: those about pods repeat them, and a controller that has its pod by now
/// only had to try twice.
fn tells_more(warning: &str, pods: &[String]) -> bool {
    let object = warning.split([' ', ':']).nth(1).unwrap_or_default();
    match object.split_once('/') {
        Some(("Pod", _)) => false,
        Some((_, name)) => !pods.iter().any(|pod| pod.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'))),
        None => true,
    }
}

fn has_succeeded(pod: &Pod) -> bool {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Succeeded")
}

async fn list<K: DeserializeOwned + Clone>(
    context: &RunContext,
    cluster: &Cluster,
    path: String,
) -> Result<Vec<K>, String> {
    let bytes = api::list_json(context, &cluster.client, &path).await.map_err(|error| chain(&error))?;
    let list: ObjectList<K> = serde_json::from_slice(&bytes).map_err(|error| format!("{path} is no list: {error}"))?;
    Ok(list.items)
}

/// Tells whether a log is the kubelet's regret that a container is gone; it comes with status 200
/// (kubernetes/kubernetes:pkg/kubelet/kuberuntime/kuberuntime_container.go).
pub(super) fn is_lost(log: &str) -> bool {
    log.starts_with("unable to retrieve container logs for ")
}

/// Reads the end of a container's log: that of the incarnation that failed, else the one that runs.
async fn last_words(context: &RunContext, cluster: &Cluster, trouble: &PodTrouble, container: &str) -> Option<String> {
    for previous in [true, false] {
        let log = api::logs(context, &cluster.client, &trouble.pod, container, previous, Some(LOG_LINES)).await;
        let lines: Vec<String> = log
            .unwrap_or_default()
            .lines()
            .filter(|line| !line.trim().is_empty() && !is_lost(line))
            .map(|line| line.trim().chars().take(LINE).collect())
            .collect();
        if !lines.is_empty() {
            return Some(lines.join(" | "));
        }
    }
    None
}
