//! Namespaces: made with the run's label, removed only with it.

use std::collections::BTreeMap;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions};
use kube::runtime::watcher;
use kube::{Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::ApiError;
use super::client::request;
use crate::context::{FIELD_MANAGER, RUN_LABEL, RunContext};
use crate::wait::{Progress, watch_until};

/// Makes a namespace with the run's labels and `labels`, or gives one that this run made before these labels.
///
/// # Errors
/// [`ApiError::NotOurs`] when a namespace of this name is there and does not carry the run's label: dualproof neither
/// uses nor changes what it did not make.
pub async fn create_namespace(
    context: &RunContext,
    client: &Client,
    name: &str,
    labels: &BTreeMap<String, String>,
) -> Result<(), ApiError> {
    let api: Api<Namespace> = Api::all(client.clone());
    let labels: BTreeMap<String, String> = labels.clone().into_iter().chain(context.labels()).collect();
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
    let what = format!("create the namespace {name}");
    let mut namespace = Namespace::default();
    namespace.metadata.name = Some(name.to_owned());
    namespace.metadata.labels = Some(labels);
    let parameters = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
    match request(context, &what, api.create(&parameters, &namespace)).await {
        Ok(_) => return Ok(()),
        Err(ApiError::Request { source, .. }) if source.code() == Some(409) => {}
        Err(error) => return Err(error),
    }
    let existing = request(context, &format!("read the namespace {name}"), api.get(name)).await?;
    check_owner(context, name, &existing)?;
    let parameters = PatchParams::apply(FIELD_MANAGER).force();
    request(context, &what, api.patch(name, &parameters, &Patch::Apply(&object))).await?;
    Ok(())
}

/// Removes a namespace of this run and waits until it is gone, within `timeouts.cleanup`. Its pods get a second to end.
///
/// # Errors
/// [`ApiError::NotOurs`] when it does not carry the run's label. A namespace that is not there is no error.
pub async fn delete_namespace(context: &RunContext, client: &Client, name: &str) -> Result<(), ApiError> {
    let api: Api<Namespace> = Api::all(client.clone());
    let existing = match request(context, &format!("read the namespace {name}"), api.get(name)).await {
        Ok(existing) => existing,
        Err(ApiError::Request { source, .. }) if source.is_not_found() => return Ok(()),
        Err(error) => return Err(error),
    };
    check_owner(context, name, &existing)?;
    end_pods(context, client, name).await;
    // With the uid, a namespace of the same name that somebody makes meanwhile is safe.
    let uid = existing.uid();
    let parameters = DeleteParams {
        preconditions: Some(Preconditions { uid: uid.clone(), resource_version: None }),
        ..DeleteParams::default()
    };
    match request(context, &format!("delete the namespace {name}"), api.delete(name, &parameters)).await {
        Ok(_) => {}
        Err(ApiError::Request { source, .. }) if source.is_not_found() => return Ok(()),
        Err(error) => return Err(error),
    }
    let config = watcher::Config::default().fields(&format!("metadata.name={name}"));
    let limit = dualproof_model::plan::Timeouts::of(context.timeouts.cleanup);
    let gone = format!("namespace {name} gone");
    watch_until(context, api, config, &gone, limit, |namespaces| {
        match namespaces.values().find(|namespace| namespace.uid() == uid) {
            None => Progress::Done(()),
            Some(namespace) => Progress::NotYet(remains(namespace)),
        }
    })
    .await?;
    Ok(())
}

/// Ends a namespace's pods without the time that they ask for: nobody waits for their last words. A namespace that is deleted
/// over pods which have half a minute is looked at again only when half of that is over (kubernetes:
/// pkg/controller/namespace/deletion/namespaced_resources_deleter.go and namespace_controller.go, `estimate/2 + 1`).
///
/// What cannot be ended here is left to the namespace's own deletion, which says why.
async fn end_pods(context: &RunContext, client: &Client, namespace: &str) {
    let at_once = DeleteParams::background().grace_period(1);
    tokio::join!(
        end::<Deployment>(context, client, namespace, &at_once),
        end::<StatefulSet>(context, client, namespace, &at_once),
        end::<DaemonSet>(context, client, namespace, &at_once),
    );
    // Each after its owner, so that nothing is made anew.
    end::<ReplicaSet>(context, client, namespace, &at_once).await;
    end::<Pod>(context, client, namespace, &at_once).await;
}

async fn end<K>(context: &RunContext, client: &Client, namespace: &str, at_once: &DeleteParams)
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + std::fmt::Debug,
{
    let all: Api<K> = Api::namespaced(client.clone(), namespace);
    let what = format!("end the {} of {namespace}", K::plural(&()));
    drop(request(context, &what, all.delete_collection(at_once, &ListParams::default())).await);
}

fn check_owner(context: &RunContext, name: &str, namespace: &Namespace) -> Result<(), ApiError> {
    let owner = namespace.labels().get(RUN_LABEL);
    if owner == Some(&context.run) {
        return Ok(());
    }
    Err(ApiError::NotOurs {
        namespace: name.to_owned(),
        run: context.run.clone(),
        owner: owner.map_or_else(|| "nobody that dualproof knows".to_owned(), |other| format!("run {other}")),
    })
}

/// Says what keeps a namespace, in the words of its conditions.
fn remains(namespace: &Namespace) -> String {
    let conditions = namespace.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let reasons: Vec<&str> = conditions
        .filter(|condition| condition.status == "True")
        .filter_map(|condition| condition.message.as_deref())
        .collect();
    if reasons.is_empty() { "still terminating".to_owned() } else { reasons.join("; ") }
}
