//! Why the cluster could not be asked.

use dualproof_dump::DumpError;
use dualproof_model::evidence::FailureKind;

use crate::api::ApiError;
use crate::trouble::Explained;
use crate::wait::WaitError;

/// A baseline that could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// The API server refuses Services of two families.
    #[error("the cluster is not dual-stack: its API server refuses a Service with RequireDualStack")]
    NotDualStack(#[source] ApiError),
    /// The pods did not become Ready, or their endpoints did not appear.
    #[error("the baseline is not ready{}", because(.why))]
    NotReady {
        /// Why, pod by pod; empty when the pods do not say.
        why: Vec<String>,
        /// What was waited for.
        source: WaitError,
    },
    /// The API server's own objects could not be read.
    #[error("cannot read the baseline's objects")]
    Objects(#[source] Box<DumpError>),
    /// The API server did not do as asked.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl Explained for BaselineError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::NotDualStack(_) => FailureKind::InvalidEnvironment,
            Self::NotReady { source, .. } => match source.kind() {
                // Pods without any mesh that do not start are the cluster's doing.
                FailureKind::Inconclusive => FailureKind::InvalidEnvironment,
                kind => kind,
            },
            Self::Objects(_) => FailureKind::Inconclusive,
            Self::Api(error) => error.kind(),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::NotDualStack(_) => {
                "use a cluster with two families: kind with `ipFamily: dual`, or two service CIDRs on the API server"
                    .to_owned()
            }
            Self::NotReady { .. } => {
                "look at the pods of the namespace dualproof-baseline; an image that cannot be pulled must be loaded"
                    .to_owned()
            }
            Self::Objects(_) => "report this as a bug of dualproof, with the API server's version".to_owned(),
            Self::Api(error) => error.hint(),
        }
    }
}

fn because(why: &[String]) -> String {
    if why.is_empty() { String::new() } else { format!(": {}", why.join("; ")) }
}
