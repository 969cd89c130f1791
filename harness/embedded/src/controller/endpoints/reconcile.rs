//! Bringing the slices of a Service to what its pods are
//! (kubernetes/kubernetes:staging/src/k8s.io/endpointslice/reconciler.go).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dualproof_model::family::{IpFamily, parse_ip};
use serde_json::{Value, json};

use super::ports::ports_of;
use crate::controller::cluster::owner_reference;
use crate::store::object::{has_ended, holds, is_terminating, items, name, namespace, text, texts, uid};
use crate::store::{Key, Part, Refusal, Removal, Selector, Store, WriteOptions, resource};

const SERVICE_NAME: &str = "kubernetes.io/service-name";
const MANAGED_BY: (&str, &str) = ("endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io");
const HEADLESS: &str = "service.kubernetes.io/headless";

/// Endpoints of one slice at most.
const MOST: usize = 100;

/// Writes the slices of a Service. A Service that is gone takes its slices with it; one without a selector has those that others write.
pub(in crate::controller) fn endpoints(store: &Store, key: &Key) -> Result<(), Refusal> {
    let service = store.get(key)?;
    let selector = texts(&service, "/spec/selector");
    if selector.is_empty() || text(&service, "/spec/type") == "ExternalName" || is_terminating(&service) {
        return Ok(());
    }
    let pods = store.list(resource::PODS, Some(&key.namespace), &Selector::of_labels(&selector)).items;
    let families: BTreeSet<&str> = items(&service, "/spec/ipFamilies").iter().filter_map(Value::as_str).collect();
    let managed = Selector::parse(&format!("{SERVICE_NAME}={},{}={}", key.name, MANAGED_BY.0, MANAGED_BY.1), "")?;
    let known = store.list(resource::ENDPOINT_SLICES, Some(&key.namespace), &managed).items;
    for family in ["IPv4", "IPv6"] {
        let known: Vec<Arc<Value>> =
            known.iter().filter(|slice| text(slice, "/addressType") == family).cloned().collect();
        let wanted = if families.contains(family) { wanted(&service, family, &pods) } else { Vec::new() };
        write(store, &service, family, wanted, &known)?;
    }
    Ok(())
}

/// The ports and the endpoints of one slice.
type Slice = (Vec<Value>, Vec<Value>);

/// Lists what the slices of a family should be: pods with the same ports share them. There is always one.
fn wanted(service: &Value, family: &str, pods: &[Arc<Value>]) -> Vec<Slice> {
    let mut groups: BTreeMap<String, Slice> = BTreeMap::new();
    for pod in pods {
        let Some(endpoint) = endpoint(service, family, pod) else { continue };
        let ports = ports_of(service, pod);
        let group = groups.entry(json!(ports).to_string()).or_insert_with(|| (ports, Vec::new()));
        group.1.push(endpoint);
    }
    let mut slices = Vec::new();
    for (ports, endpoints) in groups.into_values() {
        slices.extend(endpoints.chunks(MOST).map(|chunk| (ports.clone(), chunk.to_vec())));
    }
    if slices.is_empty() {
        slices.push((Vec::new(), Vec::new()));
    }
    slices
}

fn endpoint(service: &Value, family: &str, pod: &Value) -> Option<Value> {
    if has_ended(pod) {
        return None;
    }
    let addresses = items(pod, "/status/podIPs").iter().map(|address| text(address, "/ip"));
    let is_meant = |address: &&str| parse_ip(address).is_ok_and(|ip| IpFamily::of(&ip).to_string() == family);
    let address = addresses.into_iter().find(is_meant)?;
    let is_ready = holds(pod, "Ready");
    let leaves = is_terminating(pod);
    let publishes = service.pointer("/spec/publishNotReadyAddresses") == Some(&Value::Bool(true));
    let mut endpoint = json!({
        "addresses": [address],
        "conditions": { "ready": publishes || (is_ready && !leaves), "serving": publishes || is_ready, "terminating": leaves },
        "nodeName": text(pod, "/spec/nodeName"),
        "targetRef": { "kind": "Pod", "namespace": namespace(pod), "name": name(pod), "uid": uid(pod) },
    });
    let hostname = text(pod, "/spec/hostname");
    if !hostname.is_empty() && text(pod, "/spec/subdomain") == name(service) {
        endpoint["hostname"] = hostname.into();
    }
    Some(endpoint)
}

/// Writes what is wanted over what is known, slice by slice; makes the rest, or removes it.
fn write(
    store: &Store,
    service: &Value,
    family: &str,
    wanted: Vec<Slice>,
    known: &[Arc<Value>],
) -> Result<(), Refusal> {
    let options = WriteOptions::default();
    let space = namespace(service);
    let mut labels = texts(service, "/metadata/labels");
    labels.insert(SERVICE_NAME.to_owned(), name(service).to_owned());
    labels.insert(MANAGED_BY.0.to_owned(), MANAGED_BY.1.to_owned());
    if text(service, "/spec/clusterIP") == "None" {
        labels.insert(HEADLESS.to_owned(), String::new());
    }
    for slice in known.iter().skip(wanted.len()) {
        store.remove(&Key::new(resource::ENDPOINT_SLICES, space, name(slice)), &Removal::default())?;
    }
    for (position, (ports, endpoints)) in wanted.into_iter().enumerate() {
        let fill = |slice: &mut Value| {
            slice["addressType"] = family.into();
            slice["ports"] = json!(ports);
            slice["endpoints"] = json!(endpoints);
            slice["metadata"]["labels"] = json!(labels);
        };
        match known.get(position) {
            Some(slice) => {
                let key = Key::new(resource::ENDPOINT_SLICES, space, name(slice));
                store.modify(&key, Part::Main, &options, |before| {
                    let mut slice = before.clone();
                    fill(&mut slice);
                    Ok(slice)
                })?;
            }
            None => {
                let mut slice = json!({ "metadata": {
                    "generateName": format!("{}-", name(service)), "ownerReferences": [owner_reference(service)],
                } });
                fill(&mut slice);
                store.create(&Key::new(resource::ENDPOINT_SLICES, space, ""), slice, &options)?;
            }
        }
    }
    Ok(())
}
