//! The stages of a run, in their order.

use std::fmt;

/// A stage. Its name stands in progress, timings and failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Tools, versions and traps, before anything is made.
    Prepare,
    /// The cluster is there and its nodes are Ready.
    Cluster,
    /// The nodes have the images.
    Images,
    /// The cluster shows whether it is dual-stack, before the mesh.
    Baseline,
    /// The mesh's control plane is ready.
    Mesh,
    /// The workloads are Ready.
    Workloads,
    /// Every proxy has acknowledged its configuration.
    Converge,
    /// The scenarios' connections.
    Calls,
    /// Objects, dumps and logs.
    Collect,
    /// What the run made is removed.
    Close,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 10] = [
        Self::Prepare,
        Self::Cluster,
        Self::Images,
        Self::Baseline,
        Self::Mesh,
        Self::Workloads,
        Self::Converge,
        Self::Calls,
        Self::Collect,
        Self::Close,
    ];

    /// Spells the stage.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Cluster => "cluster",
            Self::Images => "images",
            Self::Baseline => "baseline",
            Self::Mesh => "mesh",
            Self::Workloads => "workloads",
            Self::Converge => "converge",
            Self::Calls => "calls",
            Self::Collect => "collect",
            Self::Close => "close",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
