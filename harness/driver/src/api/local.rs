//! HTTP to a port of a pod's own loopback, through the API server's port-forward.

use std::time::Duration;

use dualproof_model::evidence::PodRef;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use kube::api::{Api, Portforwarder};

use super::{ApiError, KubeFailure};
use crate::context::RunContext;
use crate::trouble::chain;

/// The most that an error repeats of a body.
const SAID: usize = 300;

/// How long the server may take to say why a connection broke; it may also stay silent for as long as the socket is open.
const WORDS: Duration = Duration::from_secs(1);

/// Gets a page from a port that listens on a pod's loopback, such as Envoy's admin port.
///
/// One connection is opened for the one request; no local port is bound. The kubelet dials `localhost` inside the pod, so
/// an answer proves nothing about the pod's addresses.
///
/// # Errors
/// [`ApiError::Local`] when nothing listens, the answer is no HTTP, or its status is not 200; [`ApiError::Deadline`].
/// An empty body is no error.
pub async fn get_local(
    context: &RunContext,
    client: &Client,
    pod: &PodRef,
    port: u16,
    path_and_query: &str,
    deadline: Duration,
) -> Result<Vec<u8>, ApiError> {
    let what = format!("get {path_and_query} from port {port} of {pod}");
    let work = async {
        let api: Api<Pod> = Api::namespaced(client.clone(), &pod.namespace);
        let mut forwarder = api.portforward(&pod.name, &[port]).await.map_err(|e| KubeFailure::from(e).to_string())?;
        match get(&mut forwarder, port, path_and_query).await {
            Ok(body) => Ok(body),
            // The server's own words say more than a stream that ends early.
            Err(why) => match forwarder.take_error(port) {
                Some(error) => Err(tokio::time::timeout(WORDS, error).await.ok().flatten().unwrap_or(why)),
                None => Err(why),
            },
        }
    };
    tokio::select! {
        biased;
        () = context.cancel.cancelled() => Err(ApiError::Cancelled { what }),
        result = tokio::time::timeout(deadline, work) => match result {
            Ok(Ok(body)) => Ok(body),
            Ok(Err(why)) => Err(ApiError::Local { pod: pod.to_string(), port, path: path_and_query.to_owned(), why }),
            Err(_) => Err(ApiError::Deadline { what, limit: deadline }),
        }
    }
}

async fn get(forwarder: &mut Portforwarder, port: u16, path_and_query: &str) -> Result<Vec<u8>, String> {
    let stream = forwarder.take_stream(port).ok_or("the forwarder has no stream")?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| chain(&error))?;
    let request = Request::get(path_and_query)
        .header(hyper::header::HOST, "localhost")
        .header(hyper::header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| chain(&error))?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(|error| chain(&error))?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|error| chain(&error))?.to_bytes();
        if status != StatusCode::OK {
            let said = String::from_utf8_lossy(&body[..body.len().min(SAID)]).trim().to_owned();
            return Err(format!("it answered {status}: {said}"));
        }
        Ok(body.to_vec())
    };
    let mut exchange = std::pin::pin!(exchange);
    tokio::select! {
        biased;
        body = &mut exchange => body,
        // The connection may end before the last of the body has been taken over.
        _ = connection => exchange.await,
    }
}
