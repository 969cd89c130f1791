//! What pilot-agent serves beside Envoy (istio/istio:pilot/cmd/pilot-agent/status/server.go), as far as it is asked for: `/healthz/ready`.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use dualproof_model::family::IpFamily;
use dualproof_netns::Namespace;
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::timeout;

use crate::envoy::{self, State as Serving};

/// The agent's port.
const PORT: u16 = 15020;
/// Envoy's admin port.
const ADMIN: u16 = 15000;
/// How long Envoy may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// A pod's Envoy.
#[derive(Clone)]
struct Sidecar {
    namespace: Arc<Namespace>,
    admin: SocketAddr,
}

/// Serves in a pod's network until what is returned is dropped. Must be called inside a tokio runtime.
///
/// # Errors
/// When the port is taken, or the pod has no address.
pub(super) fn serve(
    namespace: &Arc<Namespace>,
    addresses: &[IpAddr],
) -> io::Result<impl Future<Output = ()> + Send + use<>> {
    let first = addresses.first().ok_or_else(|| io::Error::other("the pod has no address"))?;
    let local: IpAddr = match IpFamily::of(first) {
        IpFamily::IPv4 => Ipv4Addr::LOCALHOST.into(),
        IpFamily::IPv6 => Ipv6Addr::LOCALHOST.into(),
    };
    // Go takes both families wherever the kernel has IPv6; ours always has, but in a pod of IPv4 alone it would show what is not there.
    let listener = match addresses.iter().any(IpAddr::is_ipv6) {
        true => namespace.listen_on_all(PORT),
        false => namespace.listen(SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT))),
    };
    let listener = listener.map_err(io::Error::other)?;
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let sidecar = Sidecar { namespace: Arc::clone(namespace), admin: SocketAddr::new(local, ADMIN) };
    let router = Router::new().route("/healthz/ready", get(ready)).with_state(sidecar);
    Ok(async move { drop(axum::serve(listener, router).await) })
}

/// Answers 200 while Envoy serves, else 503 with the reason.
async fn ready(State(sidecar): State<Sidecar>) -> (StatusCode, String) {
    let why = match timeout(PATIENCE, sidecar.ask()).await {
        Ok(Ok(Serving::Live)) => return (StatusCode::OK, String::new()),
        Ok(Ok(Serving::NotYet(word))) => word,
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {PATIENCE:?}"),
    };
    (StatusCode::SERVICE_UNAVAILABLE, format!("Envoy is not ready: {why}\n"))
}

impl Sidecar {
    async fn ask(&self) -> io::Result<Serving> {
        let socket = self.namespace.unconnected(self.admin, None).map_err(io::Error::other)?;
        socket.set_nonblocking(true)?;
        envoy::ready(TcpSocket::from_std_stream(socket).connect(self.admin).await?).await
    }
}
