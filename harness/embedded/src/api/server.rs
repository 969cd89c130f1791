//! Serving.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Method, Request};
use axum::response::Response;
use axum::serve::ListenerExt;

use super::route::Target;
use super::state::ApiServer;
use super::{answer, discovery, resource, stream};
use crate::store::Refusal;

/// The largest body that is read (kubernetes/kubernetes:staging/src/k8s.io/apiserver/pkg/server/config.go `MaxRequestBodyBytes`).
const BODY: usize = 3 * 1024 * 1024;

/// Serves until `stop` is cancelled and the last request has ended.
///
/// # Errors
/// When the listener cannot be used. It may be blocking or not; a client that goes away is no error.
pub async fn serve(listener: std::net::TcpListener, server: ApiServer) -> std::io::Result<()> {
    serve_with(listener, server, Router::new()).await
}

/// As [`serve`], with pages beside those of Kubernetes, whose paths go before.
///
/// # Errors
/// As [`serve`].
pub async fn serve_with(listener: std::net::TcpListener, server: ApiServer, pages: Router) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?.tap_io(|stream| {
        // Without it small answers wait for the client's acknowledgement; a socket that refuses is only slower.
        drop(stream.set_nodelay(true));
    });
    let stop = server.stop.clone().cancelled_owned();
    let router = pages.fallback_service(Router::new().fallback(handle).with_state(server));
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

async fn handle(State(server): State<ApiServer>, request: Request<Body>) -> Response {
    answered(&server, request).await.unwrap_or_else(|refusal| answer::refusal(&refusal))
}

async fn answered(server: &ApiServer, request: Request<Body>) -> Result<Response, Refusal> {
    let path = request.uri().path().trim_end_matches('/').to_owned();
    if let Some(response) = discovery::page(server, &path, &request) {
        return response;
    }
    if request.method() == Method::POST
        && let Some(review) = discovery::review(&path)
    {
        let (parts, body) = read(request).await?;
        return review(&super::request::read_body(&parts.headers, &body)?);
    }
    let target = Target::find(&server.store, &path)?;
    if stream::is_stream(&target) {
        return stream::open(server, &target, request).await;
    }
    let (parts, body) = read(request).await?;
    resource::handle(server, &target, &parts, &body)
}

async fn read(request: Request<Body>) -> Result<(axum::http::request::Parts, axum::body::Bytes), Refusal> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY).await;
    let body = body.map_err(|error| Refusal::BadRequest(format!("the body could not be read: {error}")))?;
    Ok((parts, body))
}
