//! Why the workloads cannot be called.

use dualproof_model::evidence::{FailureKind, PodRef};

use crate::api::ApiError;
use crate::diagnostics::is_environment;
use crate::trouble::Explained;
use crate::wait::WaitError;

/// The API server's words for a Service that wants two families of a cluster that has one
/// (kubernetes/kubernetes:pkg/registry/core/service/storage/alloc.go).
const NOT_DUAL: &str = "not configured for dual-stack services";

/// Workloads that are not there as they should be.
#[derive(Debug, thiserror::Error)]
pub enum WorkloadError {
    /// One namespace is wanted in the mesh and outside of it.
    #[error("namespace {0} is wanted both in the mesh and outside of it")]
    Ambiguous(String),
    /// A dual-stack Service was refused.
    #[error("the cluster refuses dual-stack Services")]
    NotDual(#[source] ApiError),
    /// The API server did not do as asked.
    #[error(transparent)]
    Api(ApiError),
    /// The budget ended before the pods were ready.
    #[error("the workloads are not ready{}", because(.why))]
    NotReady {
        /// The condition that did not come, and what was seen last.
        source: WaitError,
        /// Why, one reason a line; empty when nothing could be learnt.
        why: Vec<String>,
    },
    /// Pods are ready and not in the mesh.
    #[error("these pods were not injected: {}", listed(.0))]
    NotInjected(Vec<PodRef>),
    /// A namespace that should be used as it is has nothing to use.
    #[error("namespace {namespace} has no ready pod{}", because(.why))]
    NothingThere {
        /// The namespace.
        namespace: String,
        /// Why its pods are not ready, one reason a line.
        why: Vec<String>,
    },
    /// The API server answered with something else than a list.
    #[error("the list of {kind} in {namespace} is none")]
    Foreign {
        /// The kind, in the plural.
        kind: &'static str,
        /// The namespace.
        namespace: String,
        /// Why.
        source: serde_json::Error,
    },
}

impl From<ApiError> for WorkloadError {
    fn from(error: ApiError) -> Self {
        match &error {
            ApiError::Apply { source, .. } if source.to_string().contains(NOT_DUAL) => Self::NotDual(error),
            _ => Self::Api(error),
        }
    }
}

impl Explained for WorkloadError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Ambiguous(_) | Self::NotDual(_) | Self::NothingThere { .. } => FailureKind::InvalidEnvironment,
            Self::Api(error) => error.kind(),
            // The machine's fault, not the mesh's; an interrupted wait has no reasons.
            Self::NotReady { why, .. } if why.iter().any(|why| is_environment(why)) => FailureKind::InvalidEnvironment,
            Self::NotReady { source, .. } => source.kind(),
            Self::NotInjected(_) | Self::Foreign { .. } => FailureKind::Inconclusive,
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Ambiguous(_) => "give the scenarios different namespaces".to_owned(),
            Self::NotDual(_) => {
                "the cluster was made with one family: make it with both (kind: `ipFamily: dual`) and try again".to_owned()
            }
            Self::Api(error) => error.hint(),
            Self::NotReady { why, .. } => advice(why),
            Self::NotInjected(_) => {
                "delete these pods so that they are made anew; if that does not help, look at the mesh's mutating webhooks \
                 and the namespace's labels"
                    .to_owned()
            }
            Self::NothingThere { .. } => "deploy the workloads first, or let the run deploy them".to_owned(),
            Self::Foreign { .. } => "check what answers at the API server's address".to_owned(),
        }
    }
}

/// Turns the most telling reason into advice.
fn advice(why: &[String]) -> String {
    let says = |words: &str| why.iter().any(|why| why.contains(words));
    if says("ErrImage") || says("ImagePullBackOff") {
        "load the image into the nodes, or name one that they can pull"
    } else if says("Insufficient") {
        "give the nodes more CPU or memory, or ask for less"
    } else if says("failed calling webhook") {
        "the injector did not answer: look at the log of istiod"
    } else if says("exit code") {
        "look at the container's log in logs/"
    } else {
        "look at logs/diagnosis.txt; if the pods only need longer, raise the timeout workloadReady"
    }
    .to_owned()
}

fn because(why: &[String]) -> String {
    if why.is_empty() { String::new() } else { format!(": {}", why.join("; ")) }
}

fn listed(pods: &[PodRef]) -> String {
    pods.iter().map(PodRef::to_string).collect::<Vec<_>>().join(", ")
}
