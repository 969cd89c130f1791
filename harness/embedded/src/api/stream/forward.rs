//! Ports of pods over WebSocket: channels of `v4.channel.k8s.io`, or SPDY inside of it.

use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use futures_util::stream::SplitStream;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::sync::mpsc;

use super::close::close;
use super::{PodRef, Stream, spdy};
use crate::api::request::Query;
use crate::api::state::ApiServer;
use crate::store::Refusal;

/// What kube speaks: for each port a channel of data and one of errors.
const CHANNELS: &str = "v4.channel.k8s.io";
/// What kubectl speaks
/// (kubernetes/kubernetes:staging/src/k8s.io/apimachinery/pkg/util/portforward/constants.go).
const TUNNEL: &str = "SPDY/3.1+portforward.k8s.io";

/// The most that one message carries.
const PIECE: usize = 32 * 1024;

/// Forwards the ports of a request.
pub(super) fn forward(
    server: &ApiServer,
    pod: PodRef,
    query: &Query,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Refusal> {
    let upgrade = upgrade.protocols([TUNNEL, CHANNELS]);
    let selected = upgrade.selected_protocol().and_then(|protocol| protocol.to_str().ok()).unwrap_or_default();
    let is_tunnel = selected == TUNNEL;
    if selected.is_empty() {
        return Err(Refusal::BadRequest(format!("unable to negotiate protocol: server supports {TUNNEL}, {CHANNELS}")));
    }
    let mut ports = Vec::new();
    for text in query.all("ports").flat_map(|ports| ports.split(',')) {
        let port = text.parse::<u16>().ok().filter(|port| *port > 0);
        ports.push(port.ok_or_else(|| Refusal::BadRequest(format!("unable to parse \"{text}\" as a port")))?);
    }
    if ports.is_empty() && !is_tunnel {
        return Err(Refusal::BadRequest("query parameter \"ports\" is required".to_owned()));
    }
    let server = server.clone();
    Ok(upgrade.on_upgrade(move |socket| async move {
        tokio::select! {
            () = server.stop.cancelled() => {}
            () = async {
                if is_tunnel {
                    spdy::serve(&server, &pod, socket).await;
                } else {
                    channels(&server, &pod, &ports, socket).await;
                }
            } => {}
        }
    }))
}

/// Serves ports by channels: 2i carries the data of port i, 2i+1 the one error that ends it. Each begins with its port, little-endian.
async fn channels(server: &ApiServer, pod: &PodRef, ports: &[u16], socket: WebSocket) {
    let (mut sink, source) = socket.split();
    let (frames, mut outgoing) = mpsc::channel::<Bytes>(4);
    let mut writers = Vec::new();
    let mut readers = Vec::new();
    for (position, port) in ports.iter().enumerate() {
        let Ok(data) = u8::try_from(position * 2) else { return };
        for channel in [data, data + 1] {
            let [low, high] = port.to_le_bytes();
            if sink.send(Message::Binary(Bytes::from(vec![channel, low, high]))).await.is_err() {
                return;
            }
        }
        match server.runtime.port_forward(pod, *port).await {
            Ok(stream) => {
                let (read, write) = split(stream);
                writers.push(Some(write));
                readers.push(pump(data, read, frames.clone()));
            }
            Err(error) => {
                let mut frame = vec![data + 1];
                frame.extend(format!("an error occurred forwarding {port}: {error}").into_bytes());
                if sink.send(Message::Binary(frame.into())).await.is_err() {
                    return;
                }
                writers.push(None);
            }
        }
    }
    drop(frames);
    let send = async {
        while let Some(frame) = outgoing.recv().await {
            if sink.send(Message::Binary(frame)).await.is_err() {
                return;
            }
        }
    };
    let serve = async { tokio::join!(futures_util::future::join_all(readers), send) };
    tokio::select! {
        _ = serve => {}
        () = feed(source, writers) => {}
    }
    close(&mut sink).await;
}

async fn pump(channel: u8, mut stream: ReadHalf<Box<dyn Stream>>, frames: mpsc::Sender<Bytes>) {
    let mut piece = vec![0; PIECE];
    piece[0] = channel;
    while let Ok(length @ 1..) = stream.read(&mut piece[1..]).await {
        if frames.send(Bytes::copy_from_slice(&piece[..=length])).await.is_err() {
            return;
        }
    }
}

/// Passes the client's bytes on until it goes away. Channels cannot be closed one by one.
async fn feed(mut source: SplitStream<WebSocket>, mut writers: Vec<Option<WriteHalf<Box<dyn Stream>>>>) {
    while let Some(Ok(message)) = source.next().await {
        match message {
            Message::Binary(bytes) if bytes.len() > 1 && bytes[0] % 2 == 0 => {
                if let Some(Some(writer)) = writers.get_mut(usize::from(bytes[0] / 2)) {
                    // The reading side notices when the pod's end is closed.
                    drop(writer.write_all(&bytes[1..]).await);
                }
            }
            Message::Close(_) => return,
            _ => {}
        }
    }
}
