//! Commands over WebSocket: channels of `v5.channel.k8s.io` and `v4.channel.k8s.io`
//! (kubernetes/kubernetes:staging/src/k8s.io/apimachinery/pkg/util/remotecommand/constants.go).

use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::close::close;
use super::{ExecRequest, PodRef, RuntimeError, Streams};
use crate::api::request::Query;
use crate::api::state::ApiServer;
use crate::store::Refusal;

const PROTOCOLS: [&str; 2] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const STATUS: u8 = 3;
/// A message on this channel closes the channel that its only byte names (v5).
const CLOSE: u8 = 255;

/// The pipes between the socket and the command; also the most that one message carries.
const PIPE: usize = 64 * 1024;

/// Runs the command of a request in a container.
pub(super) fn exec(
    server: &ApiServer,
    pod: PodRef,
    container: String,
    query: &Query,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Refusal> {
    let upgrade = upgrade.protocols(PROTOCOLS);
    if upgrade.selected_protocol().is_none() {
        return Err(Refusal::BadRequest(format!("unable to negotiate protocol: server supports {PROTOCOLS:?}")));
    }
    let argv: Vec<String> = query.all("command").map(str::to_owned).collect();
    let wants = Wants { stdin: query.is("stdin"), stdout: query.is("stdout"), stderr: query.is("stderr") };
    let request = ExecRequest { pod, container, argv, tty: query.is("tty") };
    let server = server.clone();
    Ok(upgrade.on_upgrade(move |socket| async move {
        tokio::select! {
            () = server.stop.cancelled() => {}
            () = run(&server, request, wants, socket) => {}
        }
    }))
}

#[derive(Clone, Copy)]
struct Wants {
    stdin: bool,
    stdout: bool,
    stderr: bool,
}

async fn run(server: &ApiServer, request: ExecRequest, wants: Wants, socket: WebSocket) {
    let (mut sink, source) = socket.split();
    let (stdin_read, stdin_write) = duplex(PIPE);
    let (stdout_read, stdout_write) = duplex(PIPE);
    let (stderr_read, stderr_write) = duplex(PIPE);
    let streams = Streams {
        stdin: wants.stdin.then(|| Box::new(stdin_read) as _),
        stdout: wants.stdout.then(|| Box::new(stdout_write) as _),
        stderr: (wants.stderr && !request.tty).then(|| Box::new(stderr_write) as _),
    };
    let has_stderr = streams.stderr.is_some();
    // An empty message tells the client that the command is under way.
    let first = if wants.stdout { STDOUT } else { STDERR };
    if sink.send(Message::Binary(Bytes::from(vec![first]))).await.is_err() {
        return;
    }
    let command = server.runtime.exec(request, streams);
    let pump = pump(&mut sink, wants.stdout.then_some(stdout_read), has_stderr.then_some(stderr_read));
    let ended = tokio::select! {
        (ended, ()) = async { tokio::join!(command, pump) } => ended,
        () = feed(source, wants.stdin.then_some(stdin_write)) => return,
    };
    let mut frame = vec![STATUS];
    frame.extend(status(&ended).to_string().into_bytes());
    // A client that is gone by now needs no status.
    drop(sink.send(Message::Binary(frame.into())).await);
    close(&mut sink).await;
}

/// Passes the client's input on until the client goes away.
async fn feed(mut source: SplitStream<WebSocket>, mut stdin: Option<DuplexStream>) {
    while let Some(Ok(message)) = source.next().await {
        let Message::Binary(bytes) = message else {
            if matches!(message, Message::Close(_)) {
                return;
            }
            continue;
        };
        match (bytes.first().copied(), &mut stdin) {
            (Some(STDIN), Some(pipe)) => {
                // A command that ends without reading its input is right to do so.
                drop(pipe.write_all(&bytes[1..]).await);
            }
            (Some(CLOSE), Some(pipe)) if bytes.get(1) == Some(&STDIN) => {
                drop(pipe.shutdown().await);
                stdin = None;
            }
            _ => {}
        }
    }
}

/// Passes the outputs on until both have ended.
async fn pump(
    sink: &mut SplitSink<WebSocket, Message>,
    mut stdout: Option<impl AsyncRead + Unpin>,
    mut stderr: Option<impl AsyncRead + Unpin>,
) {
    let (mut out, mut err) = (vec![0; PIPE], vec![0; PIPE]);
    while stdout.is_some() || stderr.is_some() {
        let (channel, piece, length) = tokio::select! {
            length = read(&mut stdout, &mut out), if stdout.is_some() => (STDOUT, &out, length),
            length = read(&mut stderr, &mut err), if stderr.is_some() => (STDERR, &err, length),
        };
        match (channel, length) {
            (STDOUT, 0) => stdout = None,
            (_, 0) => stderr = None,
            _ => {
                let mut frame = Vec::with_capacity(length + 1);
                frame.push(channel);
                frame.extend_from_slice(&piece[..length]);
                if sink.send(Message::Binary(frame.into())).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn read(stream: &mut Option<impl AsyncRead + Unpin>, piece: &mut [u8]) -> usize {
    match stream {
        Some(stream) => stream.read(piece).await.unwrap_or_default(),
        None => 0,
    }
}

/// Says how a command ended
/// (kubernetes/kubernetes:staging/src/k8s.io/kubelet/pkg/cri/streaming/remotecommand/exec.go).
fn status(ended: &Result<i32, RuntimeError>) -> Value {
    match ended {
        Ok(0) => json!({ "metadata": {}, "status": "Success" }),
        Ok(code) => json!({
            "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
            "message": format!("command terminated with non-zero exit code: exit status {code}"),
            "details": { "causes": [{ "reason": "ExitCode", "message": code.to_string() }] },
        }),
        Err(error) => json!({
            "metadata": {}, "status": "Failure", "reason": "InternalError", "code": 500,
            "message": format!("Internal error occurred: error executing command in container: {error}"),
        }),
    }
}
