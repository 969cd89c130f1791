//! As much of OpenAPI v3 as kubectl needs to know that the server itself validates fields.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::store::Kind;

/// Lists the documents, one for each group and version.
pub(super) fn index(kinds: &[Arc<Kind>]) -> Value {
    let names: BTreeSet<String> = kinds.iter().map(|kind| name(&kind.group, &kind.version)).collect();
    let paths: BTreeMap<&str, Value> = names
        .iter()
        .map(|name| (name.as_str(), json!({ "serverRelativeURL": format!("/openapi/v3/{name}") })))
        .collect();
    json!({ "paths": paths })
}

/// Returns the document of a group and version: for each kind its PATCH with `fieldValidation`, without schemas. `None` when there is no
/// such version.
pub(super) fn document(kinds: &[Arc<Kind>], group: &str, version: &str) -> Option<Value> {
    let mut paths = Map::new();
    for kind in kinds.iter().filter(|kind| kind.group == group && kind.version == version) {
        let scope = if kind.namespaced { "namespaces/{namespace}/" } else { "" };
        let path = format!("/{}/{scope}{}/{{name}}", name(group, version), kind.plural);
        let parameters: Vec<Value> = ["dryRun", "fieldManager", "fieldValidation", "force"]
            .into_iter()
            .map(|name| json!({ "name": name, "in": "query", "schema": { "type": "string", "uniqueItems": true } }))
            .collect();
        let gvk = json!({ "group": group, "version": version, "kind": kind.kind });
        paths.insert(
            path,
            json!({ "patch": {
                "parameters": parameters, "x-kubernetes-action": "patch", "x-kubernetes-group-version-kind": gvk,
                "responses": { "200": { "description": "OK" } },
            } }),
        );
    }
    if paths.is_empty() {
        return None;
    }
    Some(json!({
        "openapi": "3.0.0", "info": { "title": "Kubernetes", "version": version }, "paths": paths, "components": { "schemas": {} },
    }))
}

fn name(group: &str, version: &str) -> String {
    if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") }
}
