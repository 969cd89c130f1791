//! What runs pods, as the API sees it.

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

/// A pod, by namespace, name and uid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodRef {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The uid, so that a pod of the same name that came later is not meant.
    pub uid: String,
}

/// A command for a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecRequest {
    /// The pod. It is there, and on a node.
    pub pod: PodRef,
    /// The container. The pod has it.
    pub container: String,
    /// The program and its arguments; empty to attach to what the container runs already.
    pub argv: Vec<String>,
    /// Whether a terminal is wanted: standard error goes to standard output then.
    pub tty: bool,
}

/// What a log is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRequest {
    /// The pod.
    pub pod: PodRef,
    /// The container. The pod has it.
    pub container: String,
    /// Stay and tell what comes.
    pub follow: bool,
    /// The last incarnation of the container instead of this one.
    pub previous: bool,
    /// Only the last lines.
    pub tail: Option<usize>,
    /// Only what was written since, in seconds before now.
    pub since_seconds: Option<i64>,
    /// Put the time before each line.
    pub timestamps: bool,
    /// Only so many bytes.
    pub limit_bytes: Option<u64>,
}

/// Bytes of a stream from the runtime.
pub type Output = Box<dyn AsyncRead + Send + Unpin>;

/// Both directions of a connection.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The standard streams of a command; `None` where the client has not asked for one. The command's end closes the outputs.
#[derive(Default)]
pub struct Streams {
    /// What the client writes. Its end is the client's closing of it.
    pub stdin: Option<Box<dyn AsyncRead + Send + Unpin>>,
    /// Where standard output goes.
    pub stdout: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    /// Where standard error goes.
    pub stderr: Option<Box<dyn AsyncWrite + Send + Unpin>>,
}

/// What runs pods: the kubelet.
#[async_trait]
pub trait Runtime: Send + Sync {
    /// Runs a command and returns its exit code (128 and the signal where one ended it) when it has ended and all that it wrote was passed on.
    /// The future is dropped when the client goes away.
    ///
    /// # Errors
    /// When the command cannot be started. A code other than 0 is no error.
    async fn exec(&self, request: ExecRequest, streams: Streams) -> Result<i32, RuntimeError>;

    /// Connects to a port of the pod's loopback.
    ///
    /// # Errors
    /// When nothing listens there, or the pod does not run.
    async fn port_forward(&self, pod: &PodRef, port: u16) -> Result<Box<dyn Stream>, RuntimeError>;

    /// Returns the log of a container; with `follow` it ends with the container.
    ///
    /// # Errors
    /// When the container has not started, or there is no earlier incarnation.
    async fn log(&self, request: LogRequest) -> Result<Output, RuntimeError>;
}

/// Why the runtime does not do it.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The pod or the container does not run (any more). In the runtime's words.
    #[error("{0}")]
    NotRunning(String),
    /// The command cannot be started: no such program.
    #[error("{0}")]
    NoSuchProgram(String),
    /// The port cannot be reached.
    #[error("{0}")]
    Unreachable(String),
    /// Something else failed.
    #[error("{what}")]
    Failed {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl RuntimeError {
    /// Says what to do next; empty where the words say it all.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NotRunning(_) => "look at the pod: `kubectl describe pod`",
            Self::NoSuchProgram(_) => "run a program that the image has",
            Self::Unreachable(_) => "look whether the program listens on that port of its loopback",
            Self::Failed { .. } => "",
        }
        .to_owned()
    }
}
