//! Every wait of a run: its budget and the most that it may be set to.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Budgets in whole seconds. All are echoed in the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Timeouts {
    /// Creating the cluster, node images present (kind: 13 s measured; a slow CI disk takes minutes).
    pub cluster_create: u64,
    /// Every node Ready after that.
    pub node_ready: u64,
    /// Loading one image into every node.
    pub image_load: u64,
    /// The baseline pods Ready, and their calls converged.
    pub baseline: u64,
    /// Installing the mesh and its control plane Ready.
    pub mesh_install: u64,
    /// The workloads Ready.
    pub workload_ready: u64,
    /// Every proxy synced, and two equal reads.
    pub converge: u64,
    /// One call, from exec to its ending.
    pub call: u64,
    /// Reading one proxy's admin API.
    pub dump: u64,
    /// One request to the API server.
    pub request: u64,
    /// Any other tool.
    pub tool: u64,
    /// Removing what the run made.
    pub cleanup: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            cluster_create: 300,
            node_ready: 120,
            image_load: 180,
            baseline: 120,
            mesh_install: 300,
            workload_ready: 180,
            converge: 60,
            call: 15,
            dump: 30,
            request: 30,
            tool: 60,
            cleanup: 120,
        }
    }
}

/// A budget is out of bounds.
#[derive(Debug, thiserror::Error)]
#[error("timeout {name} is {seconds} s: allowed are 1 to {}", Timeouts::MAXIMUM)]
pub struct TimeoutError {
    name: &'static str,
    seconds: u64,
}

impl Timeouts {
    /// The most that any budget may be, in seconds: a run that needs more is stuck.
    pub const MAXIMUM: u64 = 1800;

    /// Checks every budget.
    ///
    /// # Errors
    /// Names the first that is 0 or above [`Self::MAXIMUM`].
    pub fn validate(&self) -> Result<(), TimeoutError> {
        for (name, seconds) in self.named() {
            if !(1..=Self::MAXIMUM).contains(&seconds) {
                return Err(TimeoutError { name, seconds });
            }
        }
        Ok(())
    }

    /// Lists every budget by its name in settings and reports.
    #[must_use]
    pub fn named(&self) -> [(&'static str, u64); 12] {
        [
            ("clusterCreate", self.cluster_create),
            ("nodeReady", self.node_ready),
            ("imageLoad", self.image_load),
            ("baseline", self.baseline),
            ("meshInstall", self.mesh_install),
            ("workloadReady", self.workload_ready),
            ("converge", self.converge),
            ("call", self.call),
            ("dump", self.dump),
            ("request", self.request),
            ("tool", self.tool),
            ("cleanup", self.cleanup),
        ]
    }

    /// Turns a budget into a duration.
    #[must_use]
    pub fn of(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }
}
