//! The ways to an agent that makes calls: into a pod by the API server, into the container outside by Docker.

use std::time::Duration;

use dualproof_model::evidence::PodRef;

use crate::api::{self, Transcript};
use crate::cluster::Cluster;
use crate::context::RunContext;
use crate::outside::Outside;
use crate::trouble::chain;

/// Where a client's agent is.
#[derive(Clone, Copy)]
pub enum Way<'a> {
    /// In a pod.
    Pod {
        /// The cluster.
        cluster: &'a Cluster,
        /// The pod.
        pod: &'a PodRef,
        /// The container in it.
        container: &'a str,
    },
    /// In the container outside the cluster.
    Outside(&'a Outside),
}

/// What was heard of a prober, whether it ended or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    /// What it had written to standard output by then.
    pub(super) stdout: String,
    /// What it had written to standard error by then.
    pub(super) stderr: String,
    /// Its exit code, or why there is none.
    pub(super) ending: Result<i32, String>,
}

impl<'a> Way<'a> {
    /// Names the client's pod; `None` outside the cluster.
    pub(super) fn pod(self) -> Option<&'a PodRef> {
        match self {
            Self::Pod { pod, .. } => Some(pod),
            Self::Outside(_) => None,
        }
    }

    /// Runs a command beside the agent, with this input.
    pub(super) async fn run(self, context: &RunContext, argv: &[String], input: &[u8], limit: Duration) -> Heard {
        match self {
            Self::Outside(outside) => {
                let (output, ending) = outside.run(context, argv, input, limit).await;
                let ending = match ending {
                    Ok(()) => output.code.ok_or_else(|| "docker was killed".to_owned()),
                    Err(error) => Err(chain(&error)),
                };
                Heard { stdout: output.text(), stderr: output.error_text(), ending }
            }
            Self::Pod { cluster, pod, container } => {
                let Transcript { stdout, stderr, ending, .. } =
                    api::transcript(context, &cluster.client, pod, container, argv, Some(input), limit).await;
                Heard { stdout, stderr, ending: ending.map_err(|error| chain(&error)) }
            }
        }
    }
}
