//! Which work a change makes.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::store::object::{controller, has_ended, is_terminating, items, name, namespace, text};
use crate::store::{Change, Key, Selector, Store, What, resource};

/// A piece of work. The order is that in which pieces that came together are done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Work {
    /// A namespace's own objects, or its end.
    Namespace(String),
    /// The dependents of an object that is gone.
    Orphans(String),
    /// The dependents of an object that waits for them.
    Dependents(Key),
    /// An object whose owners may be gone already.
    Owners(Key),
    /// A Deployment.
    Deployment(Key),
    /// A ReplicaSet.
    ReplicaSet(Key),
    /// A DaemonSet.
    DaemonSet(Key),
    /// A pod without a node.
    Pod(Key),
    /// The endpoints of a Service.
    Endpoints(Key),
}

/// Adds the work that a change makes; `waiting` are the pods that have no node yet.
pub(super) fn add(store: &Store, waiting: &BTreeSet<Key>, change: &Change, work: &mut BTreeSet<Work>) {
    let (key, object) = (&change.key, &*change.object);
    let is_gone = change.what == What::Deleted;
    ownership(change, work);
    match key.resource.as_str() {
        resource::NAMESPACES => {
            work.insert(Work::Namespace(key.name.clone()));
        }
        resource::DEPLOYMENTS => {
            work.insert(Work::Deployment(key.clone()));
        }
        resource::REPLICA_SETS => {
            work.insert(Work::ReplicaSet(key.clone()));
            owner(key, object, work);
        }
        resource::DAEMON_SETS => {
            work.insert(Work::DaemonSet(key.clone()));
        }
        resource::PODS => {
            owner(key, object, work);
            if is_gone || has_ended(object) {
                // It gave a place back.
                work.extend(waiting.iter().cloned().map(Work::Pod));
            } else if text(object, "/spec/nodeName").is_empty() {
                work.insert(Work::Pod(key.clone()));
            }
            let labels = |object: &Value| object.pointer("/metadata/labels").cloned();
            let both = [labels(object), change.before.as_deref().and_then(labels)];
            for service in store.list(resource::SERVICES, Some(&key.namespace), &Selector::default()).items {
                if both.iter().flatten().any(|labels| selects(&service, labels)) {
                    work.insert(Work::Endpoints(Key::new(
                        resource::SERVICES,
                        &key.namespace,
                        text(&service, "/metadata/name"),
                    )));
                }
            }
        }
        resource::SERVICES => {
            work.insert(Work::Endpoints(key.clone()));
        }
        resource::ENDPOINT_SLICES if is_gone => {
            let service = text(object, "/metadata/labels/kubernetes.io~1service-name");
            work.insert(Work::Endpoints(Key::new(resource::SERVICES, &key.namespace, service)));
        }
        resource::NODES => {
            // It may take what waits, and needs its pods of DaemonSets.
            for set in store.list(resource::DAEMON_SETS, None, &Selector::default()).items {
                work.insert(Work::DaemonSet(Key::new(resource::DAEMON_SETS, namespace(&set), name(&set))));
            }
            work.extend(waiting.iter().cloned().map(Work::Pod));
        }
        resource::SERVICE_ACCOUNTS | resource::CONFIG_MAPS if is_gone => {
            work.insert(Work::Namespace(key.namespace.clone()));
        }
        _ => {}
    }
}

/// A Service without a selector selects nothing.
fn selects(service: &Value, labels: &Value) -> bool {
    let Some(Value::Object(selector)) = service.pointer("/spec/selector") else { return false };
    !selector.is_empty() && selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}

fn ownership(change: &Change, work: &mut BTreeSet<Work>) {
    let (key, object) = (&change.key, &*change.object);
    let has_owners = !items(object, "/metadata/ownerReferences").is_empty();
    match change.what {
        What::Deleted => {
            work.insert(Work::Orphans(text(object, "/metadata/uid").to_owned()));
            if has_owners {
                work.insert(Work::Owners(key.clone()));
                for owner in items(object, "/metadata/ownerReferences") {
                    let owner_key = super::super::cluster::owner_key(key, owner);
                    work.insert(Work::Dependents(owner_key));
                }
            }
            if !key.namespace.is_empty() {
                work.insert(Work::Namespace(key.namespace.clone()));
            }
        }
        What::Added if has_owners => {
            work.insert(Work::Owners(key.clone()));
        }
        _ => {}
    }
    if is_terminating(object) && !items(object, "/metadata/finalizers").is_empty() {
        work.insert(Work::Dependents(key.clone()));
    }
}

fn owner(key: &Key, object: &Value, work: &mut BTreeSet<Work>) {
    let Some(owner) = controller(object) else { return };
    let name = text(owner, "/name");
    let piece = match text(owner, "/kind") {
        "Deployment" => Work::Deployment(Key::new(resource::DEPLOYMENTS, &key.namespace, name)),
        "ReplicaSet" => Work::ReplicaSet(Key::new(resource::REPLICA_SETS, &key.namespace, name)),
        "DaemonSet" => Work::DaemonSet(Key::new(resource::DAEMON_SETS, &key.namespace, name)),
        _ => return,
    };
    work.insert(piece);
}
