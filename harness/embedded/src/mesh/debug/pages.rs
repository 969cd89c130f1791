//! The pages.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use dualproof_model::family::IpFamily;
use dualproof_netns::Namespace;
use tokio::task::JoinSet;

use super::Desk;

/// istiod's ports for probes and pages, for its debug interface, and for its webhook
/// (istio/istio:pilot/cmd/pilot-discovery/app/options.go).
const PORTS: [u16; 3] = [8080, 15014, 15017];

/// What follows the version in `/version`: Istio's has the commit and whether the sources were clean there.
const BUILD: &str = "shapes-Clean";

/// Binds the control plane's ports for the families of its pod's addresses.
///
/// # Errors
/// When one is taken, or the pod has no address.
pub(in crate::mesh) fn listen(namespace: &Namespace, addresses: &[IpAddr]) -> io::Result<Vec<TcpListener>> {
    let has = |family| addresses.iter().any(|address| IpFamily::of(address) == family);
    let wildcards =
        [(IpFamily::IPv4, IpAddr::V4(Ipv4Addr::UNSPECIFIED)), (IpFamily::IPv6, IpAddr::V6(Ipv6Addr::UNSPECIFIED))];
    let mut listeners = Vec::new();
    for (_, address) in wildcards.into_iter().filter(|(family, _)| has(*family)) {
        for port in PORTS {
            let listener = namespace.listen(SocketAddr::new(address, port)).map_err(io::Error::other)?;
            listener.set_nonblocking(true)?;
            listeners.push(listener);
        }
    }
    if listeners.is_empty() { Err(io::Error::other("the pod has no address")) } else { Ok(listeners) }
}

/// Serves the pages until it is dropped. Must be called inside a tokio runtime.
///
/// # Errors
/// When a listener cannot be used.
pub(in crate::mesh) fn serve(
    desk: &Arc<Desk>,
    listeners: Vec<TcpListener>,
) -> io::Result<impl Future<Output = ()> + Send + use<>> {
    let router = Router::new()
        .route("/ready", get(ready))
        .route("/version", get(version))
        .route("/debug/syncz", get(sync_state))
        .with_state(Arc::clone(desk));
    let mut servers = JoinSet::new();
    for listener in listeners {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        servers.spawn(axum::serve(listener, router.clone()).into_future());
    }
    Ok(async move { while servers.join_next().await.is_some() {} })
}

/// Answers 200 while there is a mesh that works, else 503 with the reason.
async fn ready(State(desk): State<Arc<Desk>>) -> (StatusCode, String) {
    match desk.fleet().installation() {
        Ok(_) => (StatusCode::OK, String::new()),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}

/// Answers `<version>-<build>-<state>`.
async fn version(State(desk): State<Arc<Desk>>) -> (StatusCode, String) {
    match desk.fleet().installation() {
        Ok((_, settings)) => (StatusCode::OK, format!("{}-{BUILD}", settings.version)),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}

async fn sync_state(State(desk): State<Arc<Desk>>) -> impl IntoResponse {
    Json(desk.sync_state().await)
}
