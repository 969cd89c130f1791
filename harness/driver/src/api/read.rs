//! Reading lists and logs.

use std::fmt::Debug;

use dualproof_model::evidence::PodRef;
use hyper::Request;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams, LogParams, ObjectList};
use kube::{Client, Resource};
use serde::de::DeserializeOwned;

use super::ApiError;
use super::client::request;
use crate::context::RunContext;

/// Returns a collection as the API server wrote it: `/api/v1/nodes`, `/api/v1/namespaces/x/pods`.
///
/// # Errors
/// [`ApiError::Request`] with the server's words (forbidden, no such kind), [`ApiError::Deadline`]. An empty list is no error.
pub async fn list_json(context: &RunContext, client: &Client, path: &str) -> Result<Vec<u8>, ApiError> {
    let what = format!("get {path}");
    let get = async {
        let request = Request::get(path).body(Vec::new()).map_err(kube::Error::HttpError)?;
        client.request_text(request).await
    };
    request(context, &what, get).await.map(String::into_bytes)
}

/// Returns all objects of a kind, of one namespace or (with `None`) of the cluster.
///
/// # Errors
/// As [`list_json`]. None at all is no error.
pub async fn list<K>(context: &RunContext, client: &Client, namespace: Option<&str>) -> Result<Vec<K>, ApiError>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug,
{
    // The path is kube's own, so that kinds of either scope can be read by one function.
    let path = K::url_path(&(), namespace);
    let get = async {
        let request =
            kube::core::Request::new(&path).list(&ListParams::default()).map_err(kube::Error::BuildRequest)?;
        client.request::<ObjectList<K>>(request).await
    };
    request(context, &format!("list {path}"), get).await.map(|list| list.items)
}

/// Asks the API server for its version: `v1.36.1`.
///
/// # Errors
/// When it does not answer in time, or does not let the user ask.
pub async fn server_version(context: &RunContext, client: &Client) -> Result<String, ApiError> {
    let version = request(context, "ask the API server for its version", client.apiserver_version()).await?;
    Ok(version.git_version)
}

/// Returns the log of a container. `previous` takes that of its last incarnation, `tail` only the last lines.
///
/// # Errors
/// [`ApiError::Request`] when the pod, the container or its earlier incarnation does not exist, or has not started.
/// An empty log is no error.
pub async fn logs(
    context: &RunContext,
    client: &Client,
    pod: &PodRef,
    container: &str,
    previous: bool,
    tail: Option<i64>,
) -> Result<String, ApiError> {
    let parameters = LogParams { previous, tail_lines: tail, ..LogParams::default() };
    log(context, client, pod, container, parameters).await
}

/// Reads what a container has written in the last seconds, by the clock of its node.
///
/// # Errors
/// As [`logs`].
pub async fn logs_since(
    context: &RunContext,
    client: &Client,
    pod: &PodRef,
    container: &str,
    seconds: i64,
) -> Result<String, ApiError> {
    let parameters = LogParams { since_seconds: Some(seconds.max(1)), ..LogParams::default() };
    log(context, client, pod, container, parameters).await
}

async fn log(
    context: &RunContext,
    client: &Client,
    pod: &PodRef,
    container: &str,
    parameters: LogParams,
) -> Result<String, ApiError> {
    let api: Api<Pod> = Api::namespaced(client.clone(), &pod.namespace);
    let parameters = LogParams { container: Some(container.to_owned()), ..parameters };
    let what = format!("read the log of {pod} container {container}");
    request(context, &what, api.logs(&pod.name, &parameters)).await
}
