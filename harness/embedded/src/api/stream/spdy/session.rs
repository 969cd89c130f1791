//! A session: for each connection a stream of errors and one of data.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket};
use futures_util::stream::SplitStream;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, split};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::frame::{self, Frame};
use super::headers::{Headers, NONE_FIRST, NONE_NEXT};
use crate::api::state::ApiServer;
use crate::api::stream::PodRef;

/// The most that one frame carries.
const PIECE: usize = 32 * 1024;

/// Frames that wait for the socket, or bytes for a pod.
const WAITING: usize = 8;

/// Serves one client until it goes away.
pub(in crate::api::stream) async fn serve(server: &ApiServer, pod: &PodRef, socket: WebSocket) {
    let (mut sink, source) = socket.split();
    let (frames, mut outgoing) = mpsc::channel::<Vec<u8>>(WAITING);
    let send = async {
        while let Some(frame) = outgoing.recv().await {
            if sink.send(Message::Binary(frame.into())).await.is_err() {
                return;
            }
        }
    };
    let mut session = Session {
        server,
        pod,
        frames,
        headers: Headers::new(),
        errors: HashMap::new(),
        open: HashMap::new(),
        tasks: JoinSet::new(),
        replied: false,
    };
    tokio::select! {
        () = send => {}
        () = session.listen(source) => {}
    }
}

struct Session<'a> {
    server: &'a ApiServer,
    pod: &'a PodRef,
    frames: mpsc::Sender<Vec<u8>>,
    headers: Headers,
    /// Streams of errors whose stream of data has not come yet, by request.
    errors: HashMap<String, u32>,
    /// Where the bytes of a stream of data go.
    open: HashMap<u32, mpsc::Sender<Bytes>>,
    /// The connections; they end with the session.
    tasks: JoinSet<()>,
    replied: bool,
}

impl Session<'_> {
    async fn listen(&mut self, mut source: SplitStream<WebSocket>) {
        let mut buffer = Vec::new();
        while let Some(Ok(message)) = source.next().await {
            match message {
                Message::Binary(bytes) => buffer.extend_from_slice(&bytes),
                Message::Close(_) => return,
                _ => {}
            }
            while let Some(frame) = frame::take(&mut buffer) {
                if self.hear(frame).await.is_none() {
                    return;
                }
            }
            // Ended connections are forgotten.
            while self.tasks.try_join_next().is_some() {}
        }
    }

    /// `None` when the session cannot go on.
    async fn hear(&mut self, frame: Frame) -> Option<()> {
        match frame {
            Frame::Open { stream, headers, .. } => {
                let headers = self.headers.read(&headers)?;
                let header = |name: &str| headers.get(name).cloned().unwrap_or_default();
                let none: &[u8] = if self.replied { &NONE_NEXT } else { &NONE_FIRST };
                self.frames.send(frame::reply(stream, none)).await.ok()?;
                self.replied = true;
                match (header("streamtype").as_str(), header("port").parse()) {
                    ("error", Ok(_)) => {
                        self.errors.insert(header("requestid"), stream);
                    }
                    ("data", Ok(port)) => self.connect(stream, port, &header("requestid")),
                    _ => self.frames.send(frame::refuse(stream)).await.ok()?,
                }
            }
            Frame::Data { stream, last, bytes } => {
                if let Some(open) = self.open.get(&stream)
                    && !bytes.is_empty()
                {
                    // A connection that has ended takes no more.
                    drop(open.send(bytes.into()).await);
                }
                if last {
                    self.open.remove(&stream);
                }
            }
            Frame::Reset(stream) => {
                self.open.remove(&stream);
            }
            // The client counts its own in odd numbers.
            Frame::Ping(number) if number % 2 == 1 => self.frames.send(frame::pong(number)).await.ok()?,
            Frame::Headers(block) => {
                self.headers.read(&block)?;
            }
            Frame::GoAway | Frame::Ping(_) | Frame::Other => {}
        }
        Some(())
    }

    fn connect(&mut self, data: u32, port: u16, request: &str) {
        let error = self.errors.remove(request);
        let (sender, input) = mpsc::channel(WAITING);
        self.open.insert(data, sender);
        let (server, pod, frames) = (self.server.clone(), self.pod.clone(), self.frames.clone());
        self.tasks.spawn(async move {
            let ended = carry(&server, &pod, port, data, (input, &frames)).await;
            if let Some(error) = error {
                let words = ended.err().unwrap_or_default();
                drop(frames.send(frame::data(error, true, words.as_bytes())).await);
            }
            drop(frames.send(frame::data(data, true, &[])).await);
        });
    }
}

/// Carries bytes both ways until the pod's end is closed.
async fn carry(
    server: &ApiServer,
    pod: &PodRef,
    port: u16,
    data: u32,
    (mut input, frames): (mpsc::Receiver<Bytes>, &mpsc::Sender<Vec<u8>>),
) -> Result<(), String> {
    let stream = server.runtime.port_forward(pod, port).await;
    let stream = stream.map_err(|error| format!("an error occurred forwarding {port}: {error}"))?;
    let (mut read, mut write) = split(stream);
    let forth = async {
        while let Some(bytes) = input.recv().await {
            if write.write_all(&bytes).await.is_err() {
                return;
            }
        }
        drop(write.shutdown().await);
    };
    let back = async {
        let mut piece = vec![0; PIECE];
        while let Ok(length @ 1..) = read.read(&mut piece).await {
            if frames.send(frame::data(data, false, &piece[..length])).await.is_err() {
                return;
            }
        }
    };
    tokio::pin!(forth, back);
    tokio::select! {
        () = &mut back => {}
        () = &mut forth => back.await,
    }
    Ok(())
}
