//! Why the API server, or what is behind it, did not do as asked.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use dualproof_model::evidence::FailureKind;

use crate::trouble::{Explained, kube_words};
use crate::wait::WaitError;

/// A request that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The kubeconfig cannot be read.
    #[error("cannot read the kubeconfig {}", .path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// Why.
        source: kube::config::KubeconfigError,
    },
    /// The kubeconfig has no such context.
    #[error("the kubeconfig {} has no context `{context}`; it has {}", .path.display(), listed(.known))]
    UnknownContext {
        /// The file.
        path: PathBuf,
        /// The context asked for.
        context: String,
        /// The contexts that are there.
        known: Vec<String>,
    },
    /// A file that should hold manifests is no YAML, or a document in it is no Kubernetes object.
    #[error("{file}, document {document}: {why}")]
    Document {
        /// The file, as the caller named it.
        file: String,
        /// The document's position in it, from 1.
        document: usize,
        /// The mistake.
        why: String,
    },
    /// A document was refused by the API server.
    #[error("cannot apply document {document} of {file} ({object})")]
    Apply {
        /// The file, as the caller named it.
        file: String,
        /// The document's position in it, from 1.
        document: usize,
        /// `Kind name` or `Kind namespace/name`.
        object: String,
        /// Why.
        source: KubeFailure,
    },
    /// A request failed.
    #[error("cannot {what}")]
    Request {
        /// What was tried, on what: `list pods in dual-stack`.
        what: String,
        /// Why.
        source: KubeFailure,
    },
    /// A request was not answered in time.
    #[error("no answer within {} s to: {what}", seconds(.limit))]
    Deadline {
        /// What was tried.
        what: String,
        /// The deadline.
        limit: Duration,
    },
    /// A command in a container did not end in time.
    #[error("`{command}` in {place} did not end within {} s", seconds(.limit))]
    ExecDeadline {
        /// The command.
        command: String,
        /// `namespace/pod container`.
        place: String,
        /// The deadline.
        limit: Duration,
    },
    /// A command in a container could not be started, or its ending was lost.
    #[error("cannot run `{command}` in {place}: {why}")]
    Exec {
        /// The command.
        command: String,
        /// `namespace/pod container`.
        place: String,
        /// Why.
        why: String,
    },
    /// A local port of a pod did not answer as HTTP.
    #[error("cannot get {path} from port {port} of {pod}: {why}")]
    Local {
        /// `namespace/pod`.
        pod: String,
        /// The port.
        port: u16,
        /// Path and query.
        path: String,
        /// Why: the connection's words, or the status and the begin of the body.
        why: String,
    },
    /// A namespace that the run needs, or would remove, does not carry its label.
    #[error("namespace `{namespace}` is there and does not belong to run {run} (it belongs to {owner})")]
    NotOurs {
        /// The namespace.
        namespace: String,
        /// This run.
        run: String,
        /// Another run, or nobody that is known.
        owner: String,
    },
    /// The run was stopped.
    #[error("stopped while trying to {what}")]
    Cancelled {
        /// What was tried.
        what: String,
    },
    /// A wait ended without its condition.
    #[error(transparent)]
    Wait(#[from] WaitError),
}

impl Explained for ApiError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Kubeconfig { .. } | Self::UnknownContext { .. } | Self::Document { .. } => FailureKind::BadInput,
            Self::NotOurs { .. } => FailureKind::InvalidEnvironment,
            Self::Cancelled { .. } => FailureKind::Interrupted,
            Self::Wait(error) => error.kind(),
            Self::Apply { .. }
            | Self::Request { .. }
            | Self::Deadline { .. }
            | Self::ExecDeadline { .. }
            | Self::Exec { .. }
            | Self::Local { .. } => FailureKind::Inconclusive,
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Kubeconfig { .. } => "name a readable kubeconfig".to_owned(),
            Self::UnknownContext { .. } => "choose one of the contexts that are there".to_owned(),
            Self::Document { .. } | Self::Apply { .. } => "correct the manifest".to_owned(),
            Self::Request { source, .. } if source.is_forbidden() => {
                "give the kubeconfig's user this right, or choose another user".to_owned()
            }
            Self::Request { .. } | Self::Deadline { .. } => "check that the API server is up and reachable".to_owned(),
            Self::ExecDeadline { .. } | Self::Exec { .. } | Self::Local { .. } => {
                "check that the pod is running and its node reachable".to_owned()
            }
            Self::NotOurs { namespace, .. } => {
                format!("remove the namespace `{namespace}` yourself if nobody needs it, or use another cluster")
            }
            Self::Cancelled { .. } => String::new(),
            Self::Wait(error) => error.hint(),
        }
    }
}

/// An error of the Kubernetes client, said in the API server's own words where it spoke.
#[derive(Debug)]
pub struct KubeFailure(Box<kube::Error>);

impl KubeFailure {
    /// Tells whether the user lacks a right (401, 403).
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        matches!(self.code(), Some(401 | 403))
    }

    /// Tells whether the object, or its kind, does not exist (404).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.code() == Some(404)
    }

    /// Returns the API server's status code; `None` when it did not answer.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        match &*self.0 {
            kube::Error::Api(status) => Some(status.code),
            _ => None,
        }
    }
}

impl From<kube::Error> for KubeFailure {
    fn from(error: kube::Error) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Display for KubeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&kube_words(&self.0))
    }
}

impl Error for KubeFailure {}

/// Spells a limit in seconds; what is left of a budget is rounded to tenths.
fn seconds(limit: &Duration) -> String {
    let tenths = limit.as_millis().div_ceil(100);
    if tenths.is_multiple_of(10) { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) }
}

fn listed(known: &[String]) -> String {
    if known.is_empty() { "none".to_owned() } else { known.join(", ") }
}
