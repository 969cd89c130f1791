//! Server-side apply of manifests, strict and labelled.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::discovery::{self, Scope};
use serde_json::{Map, Value};

use super::client::request;
use super::{ApiError, Document};
use crate::context::{FIELD_MANAGER, RunContext};

/// An object that was applied.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Applied {
    /// Its kind.
    pub kind: String,
    /// Its namespace; empty for cluster-scoped objects.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Applies documents in their order: field manager `dualproof`, forced, unknown fields refused.
///
/// `namespace` places every namespaced object, whatever the document says; with `None` the document's own counts, else
/// the client's default. `labels` and the run's own labels are put on every object and on every pod template.
///
/// # Errors
/// [`ApiError::Apply`] names the document that the API server refused, or whose kind it does not know; what came before
/// it stays applied. An object that is there already is no error.
pub async fn apply(
    context: &RunContext,
    client: &Client,
    documents: &[Document],
    namespace: Option<&str>,
    labels: &BTreeMap<String, String>,
) -> Result<Vec<Applied>, ApiError> {
    let mut kinds: BTreeMap<(String, String), (ApiResource, Scope)> = BTreeMap::new();
    let mut applied = Vec::new();
    let labels: BTreeMap<String, String> = labels.clone().into_iter().chain(context.labels()).collect();
    for document in documents {
        let at = |error: ApiError, object: &str| match error {
            ApiError::Request { source, .. } => ApiError::Apply {
                file: document.file.clone(),
                document: document.position,
                object: object.to_owned(),
                source,
            },
            other => other,
        };
        let key = (text(&document.object, "/apiVersion"), text(&document.object, "/kind"));
        let (resource, scope) = match kinds.get(&key) {
            Some(known) => known.clone(),
            None => {
                let known = resource_of(context, client, &key).await.map_err(|error| at(error, &document.title()))?;
                kinds.insert(key.clone(), known.clone());
                known
            }
        };
        let mut object = document.object.clone();
        let target = match scope {
            Scope::Cluster => None,
            Scope::Namespaced => {
                let own = document.object.pointer("/metadata/namespace").and_then(Value::as_str);
                Some(namespace.or(own).unwrap_or_else(|| client.default_namespace()).to_owned())
            }
        };
        mark(&mut object, target.as_deref(), &labels);
        let name = text(&object, "/metadata/name");
        let api: Api<DynamicObject> = match &target {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
            None => Api::all_with(client.clone(), &resource),
        };
        let title = match &target {
            Some(namespace) => format!("{} {namespace}/{name}", key.1),
            None => format!("{} {name}", key.1),
        };
        let parameters = PatchParams::apply(FIELD_MANAGER).force().validation_strict();
        request(context, &format!("apply {title}"), api.patch(&name, &parameters, &Patch::Apply(&object)))
            .await
            .map_err(|error| at(error, &title))?;
        applied.push(Applied { kind: key.1, namespace: target.unwrap_or_default(), name });
    }
    Ok(applied)
}

/// Sends a pod through a namespace's webhooks without making it (`dryRun=All`), and returns what came of it.
///
/// # Errors
/// [`ApiError::Request`] with the words of the webhook or the API server, [`ApiError::Deadline`].
pub async fn admit(context: &RunContext, client: &Client, namespace: &str, pod: &Pod) -> Result<Pod, ApiError> {
    let api: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let parameters = PostParams { dry_run: true, ..PostParams::default() };
    request(context, &format!("send a pod through the webhooks of {namespace}"), api.create(&parameters, pod)).await
}

async fn resource_of(
    context: &RunContext,
    client: &Client,
    (api_version, kind): &(String, String),
) -> Result<(ApiResource, Scope), ApiError> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let kind = GroupVersionKind::gvk(group, version, kind);
    let what = format!("find the kind {} of {api_version}", kind.kind);
    let (resource, capabilities) = request(context, &what, discovery::pinned_kind(client, &kind)).await?;
    Ok((resource, capabilities.scope))
}

/// Places an object and labels it and the pods that it will make.
fn mark(object: &mut Value, namespace: Option<&str>, labels: &BTreeMap<String, String>) {
    mark_metadata(object, namespace, labels);
    for pointer in ["/spec/template", "/spec/jobTemplate/spec/template"] {
        if let Some(template) = object.pointer_mut(pointer)
            && template.pointer("/spec/containers").is_some()
        {
            mark_metadata(template, None, labels);
        }
    }
}

fn mark_metadata(object: &mut Value, namespace: Option<&str>, labels: &BTreeMap<String, String>) {
    let Value::Object(object) = object else { return };
    let mut metadata = taken(object, "metadata");
    let mut own = taken(&mut metadata, "labels");
    own.extend(labels.iter().map(|(key, value)| (key.clone(), value.clone().into())));
    metadata.insert("labels".to_owned(), own.into());
    if let Some(namespace) = namespace {
        metadata.insert("namespace".to_owned(), namespace.into());
    }
    object.insert("metadata".to_owned(), metadata.into());
}

/// Takes the mapping under a key; what is no mapping there is nothing that the API server would accept.
fn taken(object: &mut Map<String, Value>, key: &str) -> Map<String, Value> {
    match object.remove(key) {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

fn text(object: &Value, pointer: &str) -> String {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_objects_and_the_pods_that_they_make() {
        let labels = BTreeMap::from([("run".to_owned(), "r1".to_owned())]);
        let mut deployment = json!({"kind": "Deployment", "metadata": {"name": "d", "namespace": "old"},
            "spec": {"template": {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": []}}}});
        mark(&mut deployment, Some("new"), &labels);
        assert_eq!(deployment["metadata"], json!({"name": "d", "namespace": "new", "labels": {"run": "r1"}}));
        assert_eq!(deployment["spec"]["template"]["metadata"]["labels"], json!({"app": "x", "run": "r1"}));

        let mut job = json!({"kind": "CronJob", "metadata": {"name": "c"},
            "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": []}}}}}});
        mark(&mut job, None, &labels);
        assert_eq!(job.pointer("/spec/jobTemplate/spec/template/metadata/labels/run"), Some(&json!("r1")));
        assert_eq!(job.pointer("/metadata/namespace"), None);

        let mut other = json!({"kind": "Thing", "metadata": {"name": "t"}, "spec": {"template": {"colour": "red"}}});
        mark(&mut other, None, &labels);
        assert_eq!(other["spec"]["template"], json!({"colour": "red"}));
    }
}
