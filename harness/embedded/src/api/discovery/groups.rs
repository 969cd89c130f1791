//! Groups, versions and resources.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use crate::api::answer;
use crate::api::patch::{SCALE, STATUS};
use crate::api::resource::{SCALE_GROUP, is_scaled};
use crate::store::Kind;

const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const PART_VERBS: [&str; 3] = ["get", "patch", "update"];
const MEDIA: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Subresources of pods that are streams: name, kind of the request, verbs.
const STREAMS: [(&str, &str, &[&str]); 4] = [
    ("attach", "PodAttachOptions", &["create", "get"]),
    ("exec", "PodExecOptions", &["create", "get"]),
    ("log", "Pod", &["get"]),
    ("portforward", "PodPortForwardOptions", &["create", "get"]),
];

type Kinds = [Arc<Kind>];

/// Lists the versions of each group; the core is the empty one. The version with most kinds stands first and is the preferred one.
fn versions(kinds: &Kinds) -> BTreeMap<&str, Vec<&str>> {
    let mut counts: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for kind in kinds {
        *counts.entry(&kind.group).or_default().entry(&kind.version).or_default() += 1;
    }
    let sorted = counts.into_iter().map(|(group, versions)| {
        let mut versions: Vec<(&str, usize)> = versions.into_iter().collect();
        versions.sort_by_key(|(version, count)| (std::cmp::Reverse(*count), *version));
        (group, versions.into_iter().map(|(version, _)| version).collect())
    });
    sorted.collect()
}

fn of<'a>(kinds: &'a Kinds, group: &str, version: &str) -> impl Iterator<Item = &'a Arc<Kind>> {
    kinds.iter().filter(move |kind| kind.group == group && kind.version == version)
}

fn singular(kind: &Kind) -> String {
    kind.kind.to_lowercase()
}

fn categories(kind: &Kind) -> Vec<&'static str> {
    if kind.in_all { vec!["all"] } else { Vec::new() }
}

/// Lists all groups but the core's (`APIGroupList`).
pub(super) fn list(kinds: &Kinds) -> Value {
    let groups: Vec<Value> = versions(kinds).keys().filter_map(|name| group(kinds, name)).collect();
    json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups })
}

/// Describes a group (`APIGroup`); `None` for the core and for one that is not there.
pub(super) fn group(kinds: &Kinds, name: &str) -> Option<Value> {
    let all = versions(kinds);
    let versions = all.get(name).filter(|_| !name.is_empty())?;
    let spelled: Vec<Value> = versions
        .iter()
        .map(|version| json!({ "groupVersion": format!("{name}/{version}"), "version": version }))
        .collect();
    Some(json!({
        "kind": "APIGroup", "apiVersion": "v1", "name": name, "versions": spelled, "preferredVersion": spelled.first(),
    }))
}

/// Lists the resources of a version (`APIResourceList`); `None` when there are none.
pub(super) fn resources(kinds: &Kinds, group: &str, version: &str) -> Option<Value> {
    let mut resources = Vec::new();
    for kind in of(kinds, group, version) {
        resources.push(json!({
            "name": kind.plural, "singularName": singular(kind), "namespaced": kind.namespaced, "kind": kind.kind,
            "verbs": VERBS, "shortNames": kind.short_names, "categories": categories(kind),
        }));
        for (sub, request, verbs) in subresources(kind) {
            let mut resource = json!({
                "name": format!("{}/{sub}", kind.plural), "singularName": "", "namespaced": kind.namespaced,
                "kind": request, "verbs": verbs,
            });
            if sub == SCALE {
                (resource["group"], resource["version"]) = (SCALE_GROUP.0.into(), SCALE_GROUP.1.into());
            }
            resources.push(resource);
        }
    }
    if resources.is_empty() {
        return None;
    }
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    Some(json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources,
    }))
}

fn subresources(kind: &Kind) -> Vec<(&'static str, String, &'static [&'static str])> {
    let mut subs: Vec<(&str, String, &[&str])> = Vec::new();
    if kind.has_status {
        subs.push((STATUS, kind.kind.clone(), &PART_VERBS));
    }
    if is_scaled(kind) {
        subs.push((SCALE, "Scale".to_owned(), &PART_VERBS));
    }
    if kind.resource == crate::store::resource::PODS {
        subs.extend(STREAMS.map(|(sub, request, verbs)| (sub, request.to_owned(), verbs)));
    }
    if kind.resource == crate::store::resource::SERVICE_ACCOUNTS {
        subs.push(("token", "TokenRequest".to_owned(), &["create"]));
    }
    subs
}

/// Describes every group at once (`APIGroupDiscoveryList`): the core, or all others.
pub(super) fn aggregated(kinds: &Kinds, core: bool) -> Response {
    let groups = versions(kinds).into_iter().filter(|(group, _)| group.is_empty() == core);
    let items: Vec<Value> = groups
        .map(|(group, versions)| {
            let versions: Vec<Value> = versions
                .iter()
                .map(|version| {
                    let resources: Vec<Value> = of(kinds, group, version).map(|kind| resource(kind)).collect();
                    json!({ "version": version, "freshness": "Current", "resources": resources })
                })
                .collect();
            let metadata = if group.is_empty() { json!({}) } else { json!({ "name": group }) };
            json!({ "metadata": metadata, "versions": versions })
        })
        .collect();
    let list = json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items,
    });
    answer::typed(StatusCode::OK, MEDIA, list.to_string())
}

fn resource(kind: &Kind) -> Value {
    let own = (kind.group.as_str(), kind.version.as_str());
    let named = |(group, version), name: &str| json!({ "group": group, "version": version, "kind": name });
    let subs: Vec<Value> = subresources(kind)
        .into_iter()
        .map(|(sub, request, verbs)| {
            let of = if sub == SCALE { SCALE_GROUP } else { own };
            json!({ "subresource": sub, "responseKind": named(of, &request), "verbs": verbs })
        })
        .collect();
    json!({
        "resource": kind.plural, "responseKind": named(own, &kind.kind), "singularResource": singular(kind), "verbs": VERBS,
        "scope": if kind.namespaced { "Namespaced" } else { "Cluster" },
        "shortNames": kind.short_names, "categories": categories(kind), "subresources": subs,
    })
}
