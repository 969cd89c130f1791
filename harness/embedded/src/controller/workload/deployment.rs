//! Deployments (kubernetes/kubernetes:pkg/controller/deployment).

use std::sync::Arc;

use serde_json::{Value, json};

use super::conditions::{self, Condition};
use super::pods::pods_of;
use super::rollout::{Bounds, Scale};
use super::template::{hash, labelled};
use crate::controller::cluster::{Report, owner_reference, report};
use crate::store::object::{condition, is_terminating, items, name, number, text, texts, uid};
use crate::store::{Key, Part, Refusal, Removal, Store, WriteOptions, resource};

const COMPONENT: &str = "deployment-controller";
const HASH: &str = "pod-template-hash";
const REVISION: &str = "deployment.kubernetes.io/revision";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Brings the ReplicaSets of a Deployment to its template, step by step as they become available, and says how far it is.
pub(in crate::controller) fn deployment(store: &Store, key: &Key) -> Result<(), Refusal> {
    let deployment = store.get(key)?;
    if is_terminating(&deployment) {
        return Ok(());
    }
    let sets = replica_sets(store, &deployment);
    let label = hash(&deployment["spec"]["template"]);
    let is_new = |set: &&Arc<Value>| texts(set, "/metadata/labels").get(HASH) == Some(&label);
    let old: Vec<Arc<Value>> = sets.iter().filter(|set| !is_new(set)).cloned().collect();
    let newest = sets.iter().map(|set| revision(set)).max().unwrap_or_default();
    let new = sets.iter().find(is_new).cloned();
    let is_paused = deployment.pointer("/spec/paused") == Some(&Value::Bool(true));
    let new = match new {
        Some(set) if revision(&set) < newest && !old.is_empty() => set_revision(store, &set, newest + 1)?,
        Some(set) => set,
        None if is_paused => return write_status(store, key, &deployment, (None, &old)),
        None => make(store, &deployment, &label, newest + 1)?,
    };
    set_own_revision(store, key, revision(&new))?;
    let (grown, kept) = if text(&deployment, "/spec/strategy/type") == "Recreate" {
        let gone = old.iter().all(|set| pods_of(store, set).is_empty());
        let wanted = number(&deployment, "/spec/replicas").unwrap_or(1);
        (if gone { wanted } else { scale(&new).wanted }, vec![0; old.len()])
    } else {
        let scales: Vec<Scale> = old.iter().map(|set| scale(set)).collect();
        Bounds::of(&deployment).next(scale(&new), &scales)
    };
    resize(store, &deployment, &new, grown)?;
    for (set, kept) in old.iter().zip(kept) {
        resize(store, &deployment, set, kept)?;
    }
    forget(store, &deployment, &old)?;
    let deployment = store.get(key)?;
    write_status(store, key, &deployment, (Some(&new), &old))
}

/// Lists the ReplicaSets of a Deployment, the oldest first.
fn replica_sets(store: &Store, deployment: &Value) -> Vec<Arc<Value>> {
    let owned = store.owned(uid(deployment)).into_iter();
    let mut sets: Vec<Arc<Value>> =
        owned.filter(|(key, _)| key.resource == resource::REPLICA_SETS).map(|(_, set)| set).collect();
    sets.sort_by_key(|set| revision(set));
    sets
}

fn revision(set: &Value) -> i64 {
    texts(set, "/metadata/annotations").get(REVISION).and_then(|text| text.parse().ok()).unwrap_or_default()
}

fn scale(set: &Value) -> Scale {
    Scale {
        wanted: number(set, "/spec/replicas").unwrap_or_default(),
        available: number(set, "/status/availableReplicas").unwrap_or_default(),
    }
}

fn key_of(set: &Value) -> Key {
    Key::new(resource::REPLICA_SETS, text(set, "/metadata/namespace"), name(set))
}

fn make(store: &Store, deployment: &Value, label: &str, revision: i64) -> Result<Arc<Value>, Refusal> {
    let template = labelled(deployment["spec"]["template"].clone(), &["metadata", "labels"], HASH, label);
    let selector = labelled(deployment["spec"]["selector"].clone(), &["matchLabels"], HASH, label);
    let mut annotations = texts(deployment, "/metadata/annotations");
    annotations.remove(LAST_APPLIED);
    annotations.insert(REVISION.to_owned(), revision.to_string());
    let set = json!({
        "metadata": {
            "name": format!("{}-{label}", name(deployment)), "labels": template["metadata"]["labels"],
            "annotations": annotations, "ownerReferences": [owner_reference(deployment)],
        },
        "spec": { "replicas": 0, "selector": selector, "template": template },
    });
    let key = Key::new(resource::REPLICA_SETS, text(deployment, "/metadata/namespace"), "");
    store.create(&key, set, &WriteOptions::default())
}

fn set_revision(store: &Store, set: &Value, revision: i64) -> Result<Arc<Value>, Refusal> {
    store.modify(&key_of(set), Part::Main, &WriteOptions::default(), |set| {
        Ok(labelled(set.clone(), &["metadata", "annotations"], REVISION, &revision.to_string()))
    })
}

fn set_own_revision(store: &Store, key: &Key, revision: i64) -> Result<(), Refusal> {
    let change = |deployment: &Value| {
        Ok(labelled(deployment.clone(), &["metadata", "annotations"], REVISION, &revision.to_string()))
    };
    store.modify(key, Part::Main, &WriteOptions::default(), change).map(drop)
}

fn resize(store: &Store, deployment: &Value, set: &Value, wanted: i64) -> Result<(), Refusal> {
    let before = scale(set).wanted;
    if before == wanted {
        return Ok(());
    }
    store.modify(&key_of(set), Part::Main, &WriteOptions::default(), |set| {
        let mut set = set.clone();
        set["spec"]["replicas"] = wanted.into();
        Ok(set)
    })?;
    let way = if wanted > before { "up" } else { "down" };
    let message = format!("Scaled {way} replica set {} from {before} to {wanted}", name(set));
    report(
        store,
        deployment,
        &Report { warning: false, reason: "ScalingReplicaSet", message: &message, component: COMPONENT },
    );
    Ok(())
}

/// Removes old sets without pods beyond those that are kept for going back.
fn forget(store: &Store, deployment: &Value, old: &[Arc<Value>]) -> Result<(), Refusal> {
    let kept = usize::try_from(number(deployment, "/spec/revisionHistoryLimit").unwrap_or(10)).unwrap_or_default();
    let is_empty = |set: &&Arc<Value>| {
        number(set, "/spec/replicas") == Some(0) && number(set, "/status/replicas").unwrap_or_default() == 0
    };
    let empty: Vec<&Arc<Value>> = old.iter().filter(is_empty).collect();
    for set in empty.iter().take(empty.len().saturating_sub(kept)) {
        store.remove(&key_of(set), &Removal::default())?;
    }
    Ok(())
}

fn write_status(
    store: &Store,
    key: &Key,
    deployment: &Value,
    (new, old): (Option<&Arc<Value>>, &[Arc<Value>]),
) -> Result<(), Refusal> {
    // The sets may have been changed since they were listed.
    let fresh = |set: &Arc<Value>| store.get(&key_of(set)).ok();
    let new = new.and_then(fresh);
    let sets: Vec<Arc<Value>> = old.iter().filter_map(fresh).chain(new.clone()).collect();
    let sum = |field: &str| sets.iter().filter_map(|set| number(set, &format!("/status/{field}"))).sum::<i64>();
    let wanted = number(deployment, "/spec/replicas").unwrap_or(1);
    let updated = new.as_ref().and_then(|set| number(set, "/status/replicas")).unwrap_or_default();
    let (replicas, ready, available) = (sum("replicas"), sum("readyReplicas"), sum("availableReplicas"));
    let mut known = items(deployment, "/status/conditions").to_vec();
    let has_enough = available >= wanted - Bounds::of(deployment).unavailable;
    let set_name = new.as_ref().map(|set| name(set).to_owned()).unwrap_or_default();
    conditions::set(
        &mut known,
        &Condition {
            kind: "Available",
            holds: has_enough,
            reason: if has_enough { "MinimumReplicasAvailable" } else { "MinimumReplicasUnavailable" },
            message: if has_enough {
                "Deployment has minimum availability."
            } else {
                "Deployment does not have minimum availability."
            },
        },
    );
    let is_complete = updated == wanted && replicas == wanted && available >= wanted;
    let message = if is_complete {
        format!("ReplicaSet \"{set_name}\" has successfully progressed.")
    } else {
        format!("ReplicaSet \"{set_name}\" is progressing.")
    };
    let reason = if is_complete { "NewReplicaSetAvailable" } else { "ReplicaSetUpdated" };
    conditions::set(&mut known, &Condition { kind: "Progressing", holds: true, reason, message: &message });
    match new.as_ref().and_then(|set| condition(set, "ReplicaFailure").cloned()) {
        Some(failure) => {
            conditions::clear(&mut known, "ReplicaFailure");
            known.push(failure);
        }
        None => conditions::clear(&mut known, "ReplicaFailure"),
    }
    let mut status = json!({
        "observedGeneration": deployment["metadata"]["generation"], "replicas": replicas, "updatedReplicas": updated,
        "readyReplicas": ready, "availableReplicas": available, "unavailableReplicas": (wanted - available).max(0),
        "conditions": known,
    });
    if let Value::Object(map) = &mut status {
        map.retain(|_, value| *value != 0);
    }
    store
        .modify(key, Part::Status, &WriteOptions::default(), |before| {
            let mut deployment = before.clone();
            deployment["status"] = status;
            Ok(deployment)
        })
        .map(drop)
}
