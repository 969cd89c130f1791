//! Fake pods behind the API server's port-forward, and a bundle for what is read of them.

use std::collections::BTreeMap;
use std::path::Path as FilePath;
use std::sync::Arc;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use dualproof_driver::cluster::Cluster;
use dualproof_dump::bundle::{self, Bundle, Writer};
use dualproof_model::evidence::{Manifest, PodRef};
use dualproof_model::plan::{Cell, MeshKind};
use serde_json::{Value, json};

/// How a pod's port answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Port {
    /// The whole page.
    Whole,
    /// Half of the page that the header promises, and then the end.
    Short,
    /// Half of a page whose end is the connection's end.
    Half,
    /// Half of a page in chunks, and then nothing: not even the WebSocket is closed in order.
    Torn,
    /// A chunk that never ends.
    Endless,
    /// An answer that is no HTTP, over a connection that stays.
    Noise,
    /// There is no such pod.
    Gone,
}

/// The pages of a recorded proxy, and how each pod's port answers.
#[derive(Clone, Default)]
pub(crate) struct Pods(Arc<BTreeMap<&'static str, Port>>);

impl Pods {
    pub(crate) fn of(pods: &[(&'static str, Port)]) -> Self {
        Self(Arc::new(pods.iter().copied().collect()))
    }

    /// An API server with these pods in `ns`, and a Ready istiod.
    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route("/api/v1/namespaces/{namespace}/pods/{pod}/portforward", any(forward))
            .route("/api/v1/namespaces/{namespace}/pods/{pod}/log", get(log))
            .route(
                "/api/v1/namespaces/istio-system/pods",
                get(|| async { Json(list("Pod", &[ready("istio-system", "istiod")])) }),
            )
            .with_state(self.clone())
    }

    fn port(&self, pod: &str) -> Port {
        self.0.get(pod).copied().unwrap_or(Port::Gone)
    }
}

pub(crate) fn pod(name: &str) -> PodRef {
    PodRef { namespace: "ns".to_owned(), name: name.to_owned() }
}

/// A Ready pod as the API server tells it.
pub(crate) fn ready(namespace: &str, name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": namespace, "uid": name}, "spec": {"containers": [{"name": "app"}]},
        "status": {"phase": "Running", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}],
            "conditions": [{"type": "Ready", "status": "True"}]}})
}

pub(crate) fn list(kind: &str, items: &[Value]) -> Value {
    json!({"kind": format!("{kind}List"), "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items})
}

pub(crate) fn refusal(code: u16, message: &str) -> Response {
    let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code});
    (StatusCode::from_u16(code).unwrap_or_default(), Json(body)).into_response()
}

pub(crate) fn cluster(client: kube::Client) -> Cluster {
    crate::fake_cluster::cluster(client, false)
}

/// Saves the bundle and reads it back, as `dualproof judge` does.
pub(crate) fn read_back(writer: &Writer) -> Result<Bundle, Box<dyn std::error::Error>> {
    writer.save(Manifest { cell: Cell { mesh: MeshKind::Istio, ..Cell::default() }, ..Manifest::default() })?;
    Ok(bundle::read(writer.dir())?)
}

/// Says why something is missing from a bundle; an error where it is not called missing.
pub(crate) fn why<'a>(bundle: &'a Bundle, what: &str) -> Result<&'a str, String> {
    let missing = &bundle.evidence.manifest.missing;
    missing
        .iter()
        .find(|missing| missing.what == what)
        .map(|missing| missing.why.as_str())
        .ok_or_else(|| format!("{what} is not among {missing:?}"))
}

async fn log(State(pods): State<Pods>, Path((_, pod)): Path<(String, String)>) -> Response {
    match pods.port(&pod) {
        Port::Gone => refusal(404, &format!("pods \"{pod}\" not found")),
        _ => "a line\n".into_response(),
    }
}

async fn forward(
    State(pods): State<Pods>,
    Path((_, pod)): Path<(String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let number: u16 = query.get("ports").and_then(|ports| ports.parse().ok()).unwrap_or_default();
    match pods.port(&pod) {
        Port::Gone => refusal(404, &format!("pods \"{pod}\" not found")),
        port => upgrade.protocols(["v4.channel.k8s.io"]).on_upgrade(move |socket| speak(socket, number, port)),
    }
}

/// Speaks the v4 port-forward framing: channel 0 carries data, channel 1 errors, each after a frame with the port.
async fn speak(mut socket: WebSocket, number: u16, port: Port) {
    let [low, high] = number.to_le_bytes();
    for channel in [0, 1] {
        send(&mut socket, &[channel, low, high]).await;
    }
    let Some(page) = asked(&mut socket).await else { return };
    let body = recorded(&page);
    let half = &body[..body.len() / 2];
    let (head, sent) = match port {
        Port::Whole => (format!("content-length: {}\r\n", body.len()), body.clone()),
        Port::Short => (format!("content-length: {}\r\n", body.len()), half.to_vec()),
        Port::Half => ("connection: close\r\n".to_owned(), half.to_vec()),
        Port::Torn => ("transfer-encoding: chunked\r\n".to_owned(), chunk(half.len(), half)),
        Port::Endless => ("transfer-encoding: chunked\r\n".to_owned(), chunk(body.len() + 1, &body)),
        Port::Noise | Port::Gone => (String::new(), Vec::new()),
    };
    let answer = match port {
        Port::Noise => b"\x16\x03\x01 what do you want".to_vec(),
        _ => [format!("HTTP/1.1 200 OK\r\n{head}\r\n").as_bytes(), &sent].concat(),
    };
    send(&mut socket, &[&[0], answer.as_slice()].concat()).await;
    match port {
        Port::Torn => {}
        Port::Endless | Port::Noise => while socket.recv().await.is_some() {},
        _ => drop(socket.send(Message::Close(None)).await),
    }
}

async fn send(socket: &mut WebSocket, frame: &[u8]) {
    // The peer may be gone already.
    drop(socket.send(Message::Binary(frame.to_vec().into())).await);
}

/// Reads the request and returns the page asked for, without its query.
async fn asked(socket: &mut WebSocket) -> Option<String> {
    let mut request = Vec::new();
    while let Some(Ok(message)) = socket.recv().await {
        let Message::Binary(bytes) = message else { continue };
        request.extend_from_slice(bytes.get(1..)?);
        if request.ends_with(b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&request);
            return Some(text.split([' ', '?']).nth(1)?.to_owned());
        }
    }
    None
}

fn chunk(promised: usize, bytes: &[u8]) -> Vec<u8> {
    [format!("{promised:x}\r\n").as_bytes(), bytes].concat()
}

/// What a real proxy and a real istiod said.
fn recorded(page: &str) -> Vec<u8> {
    let proxy = "proxies/sleep/sleep-6448b89789-cdvw9";
    let file = match page {
        "/server_info" => format!("{proxy}/server_info.json"),
        "/listeners" => format!("{proxy}/listeners.json"),
        "/clusters" => format!("{proxy}/clusters.json"),
        "/config_dump" => format!("{proxy}/config_dump.json"),
        "/stats" => format!("{proxy}/stats.txt"),
        _ => "mesh/syncz.json".to_owned(),
    };
    let bundle = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/bundles/istio-1.31-v4-v6");
    std::fs::read(bundle.join(file)).unwrap_or_default()
}
