//! Which stream a request opens, and whether its pod can have it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::Request;
use axum::response::Response;
use serde_json::Value;

use super::{PodRef, exec, forward, log};
use crate::api::request::Query;
use crate::api::route::Target;
use crate::api::state::ApiServer;
use crate::store::{Refusal, object, resource};

/// Tells whether a request is about a stream.
pub(in crate::api) fn is_stream(target: &Target) -> bool {
    target.kind.resource == resource::PODS && matches!(target.sub.as_str(), "attach" | "exec" | "log" | "portforward")
}

/// Opens the stream.
pub(in crate::api) async fn open(
    server: &ApiServer,
    target: &Target,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let (mut parts, _) = request.into_parts();
    let query = Query::of(&parts.uri)?;
    let pod = server.store.get(&target.key())?;
    if object::text(&pod, "/spec/nodeName").is_empty() {
        return Err(Refusal::BadRequest(format!("pod {} does not have a host assigned", target.name)));
    }
    if target.sub == "log" {
        let container = container(&pod, query.get("container"))?;
        return log::log(server, reference(&pod), container, &query).await;
    }
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
    let upgrade = upgrade.map_err(|rejection| {
        Refusal::BadRequest(format!("Upgrade request required: this server speaks WebSocket only: {rejection}"))
    })?;
    if target.sub == "portforward" {
        return forward::forward(server, reference(&pod), &query, upgrade);
    }
    let container = container(&pod, query.get("container"))?;
    exec::exec(server, reference(&pod), container, &query, upgrade)
}

fn reference(pod: &Arc<Value>) -> PodRef {
    PodRef {
        namespace: object::namespace(pod).to_owned(),
        name: object::name(pod).to_owned(),
        uid: object::uid(pod).to_owned(),
    }
}

/// Finds the container that is meant: the named one, or the only one
/// (kubernetes/kubernetes:pkg/registry/core/pod/strategy.go `validateContainer`).
fn container(pod: &Value, wanted: &str) -> Result<String, Refusal> {
    let names = |list: &str| {
        let containers = object::items(pod, &format!("/spec/{list}")).iter();
        containers.map(|container| object::text(container, "/name").to_owned()).collect::<Vec<_>>()
    };
    let (own, init) = (names("containers"), names("initContainers"));
    let pod_name = object::name(pod);
    if !wanted.is_empty() {
        let is_known = own.iter().chain(&init).any(|name| name == wanted);
        let unknown = || Refusal::BadRequest(format!("container {wanted} is not valid for pod {pod_name}"));
        return if is_known { Ok(wanted.to_owned()) } else { Err(unknown()) };
    }
    match own.as_slice() {
        [only] => Ok(only.clone()),
        _ => {
            let mut why =
                format!("a container name must be specified for pod {pod_name}, choose one of: [{}]", own.join(" "));
            if !init.is_empty() {
                why.push_str(&format!(" or one of the init containers: [{}]", init.join(" ")));
            }
            Err(Refusal::BadRequest(why))
        }
    }
}
