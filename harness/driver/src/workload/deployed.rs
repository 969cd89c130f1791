//! Workloads that are there and can be called.

use std::collections::BTreeSet;

use dualproof_model::evidence::PodRef;

/// Workloads that can be called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployed {
    /// Their namespaces, sorted.
    pub namespaces: Vec<String>,
    /// Their Ready pods, sorted.
    pub pods: Vec<RunningPod>,
    /// What should have settled and had not when the run went on: Services without a ready endpoint in one of their families.
    /// It is evidence, not trouble: the judge will see it in the objects.
    pub unsettled: Vec<String>,
}

impl Deployed {
    /// Adds workloads of other namespaces that were deployed later.
    pub fn join(&mut self, other: Self) {
        self.namespaces.extend(other.namespaces);
        self.namespaces.sort();
        self.pods.extend(other.pods);
        self.pods.sort();
        self.unsettled.extend(other.unsettled);
    }

    /// Lists the pods that are in the mesh.
    #[must_use]
    pub fn meshed(&self) -> Vec<PodRef> {
        self.pods.iter().filter(|pod| pod.meshed).map(|pod| pod.pod.clone()).collect()
    }
}

/// A Ready pod.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunningPod {
    /// The pod.
    pub pod: PodRef,
    /// The value of its label `app`; empty when it has none.
    pub app: String,
    /// Whether it has the mesh's sidecar.
    pub meshed: bool,
}

/// Sorts pods and leaves each namespace once.
pub(super) fn assemble(mut pods: Vec<RunningPod>, unsettled: Vec<String>, namespaces: BTreeSet<String>) -> Deployed {
    pods.sort();
    Deployed { namespaces: namespaces.into_iter().collect(), pods, unsettled }
}
