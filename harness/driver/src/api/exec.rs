//! Commands in containers.

use std::time::{Duration, Instant};

use dualproof_model::evidence::PodRef;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::Client;
use kube::api::{Api, AttachParams, AttachedProcess};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{ApiError, KubeFailure};
use crate::context::RunContext;
use crate::trouble::chain;

/// The pipe between the WebSocket and us; kube's default of 1 KiB makes long output slow.
const PIPE_BYTES: usize = 64 * 1024;

/// How a command in a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecOutput {
    /// Its exit code.
    pub code: i32,
    /// What it wrote to standard output; bytes that are no UTF-8 become U+FFFD.
    pub stdout: String,
    /// What it wrote to standard error; bytes that are no UTF-8 become U+FFFD.
    pub stderr: String,
    /// From the request to the ending, in milliseconds.
    pub millis: u64,
}

/// What was heard of a command in a container, whether it ended or not.
#[derive(Debug)]
pub struct Transcript {
    /// What it had written to standard output by then; bytes that are no UTF-8 become U+FFFD.
    pub stdout: String,
    /// What it had written to standard error by then; bytes that are no UTF-8 become U+FFFD.
    pub stderr: String,
    /// From the request to the ending, or to where it was lost, in milliseconds.
    pub millis: u64,
    /// Its exit code, or why there is none.
    pub ending: Result<i32, ApiError>,
}

/// Runs a command in a container and returns what it wrote and its exit code.
///
/// `stdin` is written and then closed (which the server passes on only from Kubernetes 1.30, protocol v5); `None` attaches
/// no input. There is no shell between: `argv` is what the container's program gets.
///
/// # Errors
/// [`ApiError::ExecDeadline`] when it does not end in time: the connection is dropped, the process may live on in its
/// container. [`ApiError::Request`] when there is no such pod (any more). [`ApiError::Exec`] when it cannot be started or its
/// ending is lost. A code other than 0 is no error.
pub async fn exec(
    context: &RunContext,
    client: &Client,
    pod: &PodRef,
    container: &str,
    argv: &[String],
    stdin: Option<&[u8]>,
    deadline: Duration,
) -> Result<ExecOutput, ApiError> {
    let Transcript { stdout, stderr, millis, ending } =
        transcript(context, client, pod, container, argv, stdin, deadline).await;
    Ok(ExecOutput { code: ending?, stdout, stderr, millis })
}

/// Does the same and keeps what was heard of a command that did not end: half an answer is evidence, too.
pub async fn transcript(
    context: &RunContext,
    client: &Client,
    pod: &PodRef,
    container: &str,
    argv: &[String],
    stdin: Option<&[u8]>,
    deadline: Duration,
) -> Transcript {
    let command = argv.join(" ");
    let place = format!("{pod} container {container}");
    let began = Instant::now();
    let lost = |why: String| ApiError::Exec { command: command.clone(), place: place.clone(), why };
    let mut heard = Heard::default();
    let work = async {
        let api: Api<Pod> = Api::namespaced(client.clone(), &pod.namespace);
        let parameters = AttachParams::default()
            .container(container)
            .stdin(stdin.is_some())
            .stdout(true)
            .stderr(true)
            .max_stdout_buf_size(PIPE_BYTES)
            .max_stderr_buf_size(PIPE_BYTES);
        let process = api.exec(&pod.name, argv.iter().cloned(), &parameters).await.map_err(|error| {
            match KubeFailure::from(error) {
                source if source.is_not_found() => {
                    ApiError::Request { what: format!("run `{command}` in {place}"), source }
                }
                other => lost(other.to_string()),
            }
        })?;
        heard.follow(process, stdin).await.map_err(lost)
    };
    let ending = tokio::select! {
        biased;
        () = context.cancel.cancelled() => {
            Err(ApiError::Cancelled { what: format!("run `{command}` in {place}") })
        }
        result = tokio::time::timeout(deadline, work) => match result {
            Ok(result) => result,
            Err(_) => Err(ApiError::ExecDeadline { command: command.clone(), place: place.clone(), limit: deadline }),
        }
    };
    Transcript {
        stdout: String::from_utf8_lossy(&heard.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&heard.stderr).into_owned(),
        millis: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        ending,
    }
}

/// What has come of both streams so far.
#[derive(Default)]
struct Heard {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Heard {
    /// Reads both streams at once, because one that is not read stops the other, and asks how it ended.
    ///
    /// When the connection breaks, kube drops the status and leaves the streams open for good, so both are looked at.
    async fn follow(&mut self, mut process: AttachedProcess, input: Option<&[u8]>) -> Result<i32, String> {
        let (out, err, to) = (process.stdout(), process.stderr(), process.stdin());
        let status = process.take_status().ok_or("the command has no status")?;
        let read_out = async {
            match out {
                Some(mut stream) => stream.read_to_end(&mut self.stdout).await.map(drop),
                None => Ok(()),
            }
        };
        let read_err = async {
            match err {
                Some(mut stream) => stream.read_to_end(&mut self.stderr).await.map(drop),
                None => Ok(()),
            }
        };
        let write = async {
            if let (Some(mut stream), Some(input)) = (to, input) {
                // A command that ends without reading its input breaks the pipe, which is its right.
                let _ = stream.write_all(input).await;
                let _ = stream.shutdown().await;
            }
        };
        let mut streams = std::pin::pin!(async { futures_util::join!(read_out, read_err, write) });
        let mut status = std::pin::pin!(status);
        let (ended, read) = tokio::select! {
            read = &mut streams => (status.await, Some(read)),
            ended = &mut status => match ended {
                Some(status) => (Some(status), Some(streams.await)),
                // What has come already is taken over; more will not come.
                None => (None, futures_util::FutureExt::now_or_never(streams)),
            },
        };
        match (ended, read) {
            (Some(status), Some((read_out, read_err, ()))) => {
                read_out.and(read_err).map_err(|error| format!("the connection broke: {error}"))?;
                exit_code(&status)
            }
            _ => Err(match process.join().await {
                Err(error) => format!("the connection broke: {}", chain(&error)),
                Ok(()) => "the connection ended without a status".to_owned(),
            }),
        }
    }
}

/// Reads the exit code from the status that ends an exec
/// (kubernetes/kubernetes:staging/src/k8s.io/kubelet/pkg/cri/streaming/remotecommand/exec.go: reason `NonZeroExitCode`, cause `ExitCode`).
fn exit_code(status: &Status) -> Result<i32, String> {
    if status.status.as_deref() == Some("Success") {
        return Ok(0);
    }
    let causes = status.details.iter().flat_map(|details| details.causes.iter().flatten());
    causes
        .filter(|cause| cause.reason.as_deref() == Some("ExitCode"))
        .find_map(|cause| cause.message.as_deref()?.parse().ok())
        .ok_or_else(|| status.message.clone().unwrap_or_else(|| "the status gives no reason".to_owned()))
}
