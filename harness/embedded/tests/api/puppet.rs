//! A cluster whose pods only pretend: a kubelet that makes every pod ready, and a runtime that plays a few programs.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use dualproof_embedded::api::{
    ApiServer, ExecRequest, LogRequest, Output, PodRef, Runtime, RuntimeError, Stream, Streams, serve,
};
use dualproof_embedded::controller::{ClusterConfig, Controllers};
use dualproof_embedded::store::object::{is_terminating, name, namespace, text};
use dualproof_embedded::store::{Key, Part, Removal, Selector, Since, Store, What, WriteOptions, resource};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A running cluster; it ends when this is dropped.
pub(crate) struct Puppet {
    /// Its objects.
    pub(crate) store: Store,
    /// Where its API listens.
    pub(crate) address: SocketAddr,
    _stop: DropGuard,
}

/// Starts a cluster with these service ranges and nodes.
pub(crate) fn start(ranges: &[&str], nodes: usize) -> Result<Puppet, Box<dyn Error>> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    start_on(listener, ranges, nodes)
}

/// As [`start`], on a listener.
pub(crate) fn start_on(
    listener: std::net::TcpListener,
    ranges: &[&str],
    nodes: usize,
) -> Result<Puppet, Box<dyn Error>> {
    let ranges = ranges.iter().map(|range| range.parse()).collect::<Result<_, _>>()?;
    let config = ClusterConfig::new(ranges);
    let store = config.store();
    let stop = CancellationToken::new();
    let controllers = Controllers::new(&store, &config)?;
    for number in 0..nodes {
        let name = format!("node-{number}");
        let key = Key::new(resource::NODES, "", &name);
        store.create(&key, json!({ "metadata": { "name": name } }), &WriteOptions::default())?;
        store.modify(&key, Part::Status, &WriteOptions::default(), |node| {
            let mut node = node.clone();
            node["status"] = json!({ "conditions": [{ "type": "Ready", "status": "True", "reason": "KubeletReady" }] });
            Ok(node)
        })?;
    }
    tokio::spawn(controllers.run(stop.clone()));
    tokio::spawn(kubelet(store.clone(), stop.clone()));
    let address = listener.local_addr()?;
    let server = ApiServer { store: store.clone(), runtime: Arc::new(Programs), stop: stop.clone() };
    tokio::spawn(serve(listener, server));
    Ok(Puppet { store, address, _stop: stop.drop_guard() })
}

/// Makes every pod that has a node ready at once, and lets it go at once.
async fn kubelet(store: Store, stop: CancellationToken) {
    let Ok(mut pods) = store.watch(resource::PODS, None, Selector::default(), Since::Now) else { return };
    let mut next = 1_u16;
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = pods.next() => event,
        };
        let Ok(event) = event else { return };
        let pod = &event.object;
        let key = Key::new(resource::PODS, namespace(pod), name(pod));
        let is_new = text(pod, "/status/podIP").is_empty() && !text(pod, "/spec/nodeName").is_empty();
        if event.what == What::Deleted {
            continue;
        }
        if is_terminating(pod) {
            drop(store.remove(&key, &Removal::now()));
        } else if is_new {
            let (v4, v6) = (format!("10.244.{}.{}", next >> 8, next & 255), format!("fd00:10:244::{next:x}"));
            next += 1;
            drop(store.modify(&key, Part::Status, &WriteOptions::default(), |pod| Ok(ready(pod, &v4, &v6))));
        }
    }
}

fn ready(pod: &Value, v4: &str, v6: &str) -> Value {
    let mut pod = pod.clone();
    let containers = pod["spec"]["containers"].as_array().cloned().unwrap_or_default();
    let statuses: Vec<Value> = containers
        .iter()
        .map(|container| {
            json!({
                "name": container["name"], "image": container["image"], "imageID": "", "ready": true, "restartCount": 0,
                "started": true, "state": { "running": { "startedAt": "2026-01-01T00:00:00Z" } },
            })
        })
        .collect();
    pod["status"] = json!({
        "phase": "Running", "podIP": v4, "podIPs": [{ "ip": v4 }, { "ip": v6 }], "containerStatuses": statuses,
        "conditions": [{ "type": "PodScheduled", "status": "True" }, { "type": "Ready", "status": "True" }],
    });
    pod
}

/// Plays `echo`, `cat`, `exit`, `both`, and an HTTP server on every port but 1.
struct Programs;

#[async_trait]
impl Runtime for Programs {
    async fn exec(&self, request: ExecRequest, mut streams: Streams) -> Result<i32, RuntimeError> {
        let io = |source| RuntimeError::Failed { what: "the streams broke".to_owned(), source };
        let words: Vec<&str> = request.argv.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["echo", rest @ ..] => {
                if let Some(stdout) = &mut streams.stdout {
                    stdout.write_all(format!("{}\n", rest.join(" ")).as_bytes()).await.map_err(io)?;
                }
                Ok(0)
            }
            ["cat"] => {
                if let (Some(stdin), Some(stdout)) = (&mut streams.stdin, &mut streams.stdout) {
                    tokio::io::copy(stdin, stdout).await.map_err(io)?;
                }
                Ok(0)
            }
            ["both"] => {
                if let (Some(stdout), Some(stderr)) = (&mut streams.stdout, &mut streams.stderr) {
                    stdout.write_all(b"out").await.map_err(io)?;
                    stderr.write_all(b"err").await.map_err(io)?;
                }
                Ok(0)
            }
            ["exit", code] => Ok(code.parse().unwrap_or(1)),
            other => Err(RuntimeError::NoSuchProgram(format!("exec: {other:?}: executable file not found in $PATH"))),
        }
    }

    async fn port_forward(&self, pod: &PodRef, port: u16) -> Result<Box<dyn Stream>, RuntimeError> {
        if port == 1 {
            return Err(RuntimeError::Unreachable(format!("nothing listens on port 1 of {}", pod.name)));
        }
        let (ours, mut theirs) = duplex(1024);
        let name = pod.name.clone();
        tokio::spawn(async move {
            let mut asked = Vec::new();
            let mut piece = [0; 256];
            while let Ok(length @ 1..) = theirs.read(&mut piece).await {
                asked.extend_from_slice(&piece[..length]);
                if asked.windows(4).any(|four| four == b"\r\n\r\n") {
                    let body = format!("port {port} of {name}");
                    let head =
                        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                    drop(theirs.write_all(format!("{head}{body}").as_bytes()).await);
                    return;
                }
            }
        });
        Ok(Box::new(ours))
    }

    async fn log(&self, request: LogRequest) -> Result<Output, RuntimeError> {
        let lines: Vec<String> = (1..=9).map(|line| format!("{} says {line}\n", request.container)).collect();
        let skipped = request.tail.map_or(0, |tail| lines.len().saturating_sub(tail));
        Ok(Box::new(std::io::Cursor::new(lines[skipped..].concat().into_bytes())))
    }
}
