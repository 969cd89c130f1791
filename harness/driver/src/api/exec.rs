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

/// Runs a command in a container and returns what it wrote and its exit code.
///
/// `stdin` is written and then closed (which the server passes on only from Kubernetes 1.30, protocol v5); `None` attaches
/// no input. There is no shell between: `argv` is what the container's program gets.
///
/// # Errors
/// [`ApiError::ExecDeadline`] when it does not end in time: the connection is dropped, the process may live on in its
/// container. [`ApiError::Exec`] when it cannot be started or its ending is lost. A code other than 0 is no error.
pub async fn exec(
    context: &RunContext,
    client: &Client,
    pod: &PodRef,
    container: &str,
    argv: &[String],
    stdin: Option<&[u8]>,
    deadline: Duration,
) -> Result<ExecOutput, ApiError> {
    let command = argv.join(" ");
    let place = format!("{pod} container {container}");
    let began = Instant::now();
    let lost = |why: String| ApiError::Exec { command: command.clone(), place: place.clone(), why };
    let work = async {
        let api: Api<Pod> = Api::namespaced(client.clone(), &pod.namespace);
        let parameters = AttachParams::default()
            .container(container)
            .stdin(stdin.is_some())
            .stdout(true)
            .stderr(true)
            .max_stdout_buf_size(PIPE_BYTES)
            .max_stderr_buf_size(PIPE_BYTES);
        let process = api
            .exec(&pod.name, argv.iter().cloned(), &parameters)
            .await
            .map_err(|error| lost(KubeFailure::from(error).to_string()))?;
        transcript(process, stdin).await.map_err(lost)
    };
    let (stdout, stderr, code) = tokio::select! {
        biased;
        () = context.cancel.cancelled() => {
            return Err(ApiError::Cancelled { what: format!("run `{command}` in {place}") });
        }
        result = tokio::time::timeout(deadline, work) => match result {
            Ok(result) => result?,
            Err(_) => return Err(ApiError::ExecDeadline { command, place, limit: deadline }),
        }
    };
    Ok(ExecOutput {
        code,
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
        millis: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

/// Reads both streams at once, because one that is not read stops the other, and then asks how it ended.
async fn transcript(mut process: AttachedProcess, input: Option<&[u8]>) -> Result<(Vec<u8>, Vec<u8>, i32), String> {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let (out, err, to) = (process.stdout(), process.stderr(), process.stdin());
    let status = process.take_status();
    let read_out = async {
        match out {
            Some(mut stream) => stream.read_to_end(&mut stdout).await.map(drop),
            None => Ok(()),
        }
    };
    let read_err = async {
        match err {
            Some(mut stream) => stream.read_to_end(&mut stderr).await.map(drop),
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
    let (read_out, read_err, ()) = futures_util::join!(read_out, read_err, write);
    read_out.and(read_err).map_err(|error| format!("the connection broke: {error}"))?;
    let status = match status {
        Some(status) => status.await,
        None => None,
    };
    let code = exit_code(status.as_ref().ok_or("the connection ended without a status")?)?;
    Ok((stdout, stderr, code))
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
