//! ReplicaSets (kubernetes/kubernetes:pkg/controller/replicaset/replica_set.go).

use serde_json::{Value, json};

use super::conditions::{self, Condition};
use super::pods::{Owned, pods_of};
use super::template;
use crate::controller::cluster::{Report, report};
use crate::store::object::{is_terminating, items, number, text};
use crate::store::{Key, Part, Refusal, Removal, Store, WriteOptions, resource};

const COMPONENT: &str = "replicaset-controller";
const FAILURE: &str = "ReplicaFailure";

/// Makes or removes pods until there are as many as wanted, and says how many there are.
pub(in crate::controller) fn replica_set(store: &Store, key: &Key) -> Result<(), Refusal> {
    let set = store.get(key)?;
    let mut pods: Vec<Owned> = pods_of(store, &set).into_iter().filter(Owned::is_active).collect();
    let mut failure = None;
    if !is_terminating(&set) {
        let wanted = usize::try_from(number(&set, "/spec/replicas").unwrap_or(1)).unwrap_or_default();
        for _ in pods.len()..wanted {
            let pod = template::pod(&set, &set["spec"]["template"]);
            match store.create(&Key::new(resource::PODS, &key.namespace, ""), pod, &WriteOptions::default()) {
                Ok(pod) => {
                    let name = text(&pod, "/metadata/name").to_owned();
                    let message = format!("Created pod: {name}");
                    let told =
                        Report { warning: false, reason: "SuccessfulCreate", message: &message, component: COMPONENT };
                    report(store, &set, &told);
                    pods.push(Owned { key: Key::new(resource::PODS, &key.namespace, &name), pod });
                }
                Err(refusal) => {
                    failure = Some(refusal.to_string());
                    break;
                }
            }
        }
        // First those that nobody would miss.
        pods.sort_by_key(|owned| {
            let has_node = !text(&owned.pod, "/spec/nodeName").is_empty();
            (has_node, owned.is_ready(), std::cmp::Reverse(text(&owned.pod, "/metadata/creationTimestamp").to_owned()))
        });
        let surplus = pods.len().saturating_sub(wanted);
        for owned in pods.drain(..surplus) {
            let removed = store.remove(&owned.key, &Removal::default());
            if removed.is_ok() {
                let message = format!("Deleted pod: {}", owned.key.name);
                let told =
                    Report { warning: false, reason: "SuccessfulDelete", message: &message, component: COMPONENT };
                report(store, &set, &told);
            }
        }
    }
    write_status(store, key, &set, &pods, failure)
}

fn write_status(store: &Store, key: &Key, set: &Value, pods: &[Owned], failure: Option<String>) -> Result<(), Refusal> {
    let ready = pods.iter().filter(|pod| pod.is_ready()).count();
    let mut known = items(set, "/status/conditions").to_vec();
    match &failure {
        Some(message) => {
            let is_new = !known.iter().any(|known| known["message"] == message.as_str());
            if is_new {
                let message = format!("Error creating: {message}");
                let told = Report { warning: true, reason: "FailedCreate", message: &message, component: COMPONENT };
                report(store, set, &told);
            }
            conditions::set(&mut known, &Condition { kind: FAILURE, holds: true, reason: "FailedCreate", message });
        }
        None => conditions::clear(&mut known, FAILURE),
    }
    let mut status = json!({
        "replicas": pods.len(), "fullyLabeledReplicas": pods.len(), "readyReplicas": ready, "availableReplicas": ready,
        "observedGeneration": set["metadata"]["generation"],
    });
    if !known.is_empty() {
        status["conditions"] = known.into();
    }
    store
        .modify(key, Part::Status, &WriteOptions::default(), |before| {
            let mut set = before.clone();
            set["status"] = status;
            Ok(set)
        })
        .map(drop)
}
