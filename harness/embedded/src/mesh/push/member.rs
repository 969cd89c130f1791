//! One sidecar that was started.

use dualproof_model::evidence::PodRef;
use dualproof_shapes::world::Pod;
use serde_json::Value;

use super::folder::Folder;
use crate::mesh::injector::PROXY;
use crate::mesh::redirect;
use crate::store::object::{items, text};

/// A sidecar that was started, and what was sent to it.
#[derive(Debug)]
pub(in crate::mesh) struct Member {
    /// Its pod, as it was then.
    pub(super) pod: Pod,
    /// The pod's uid.
    pub(in crate::mesh) uid: String,
    /// The proxies' half of the switch, as this one has it.
    pub(super) dual_stack: bool,
    pub(super) folder: Folder,
    /// Why it was not sent what it should have; `None` when it was.
    pub(in crate::mesh) trouble: Option<String>,
    /// What is known of its answers, for clusters and for listeners.
    pub(in crate::mesh) heard: [Heard; 2],
}

/// What is known of a sidecar's answers to one type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::mesh) struct Heard {
    /// How often it had refused when it last took something.
    pub(in crate::mesh) refusals: u64,
    /// The version that it refuses now, and how often it had refused by then.
    pub(in crate::mesh) refused: Option<(String, u64)>,
}

impl Member {
    /// Its pod's name.
    pub(in crate::mesh) fn pod(&self) -> &PodRef {
        &self.pod.id
    }

    /// The versions of what was sent to it.
    pub(in crate::mesh) fn sent(&self) -> &super::Sent {
        &self.folder.sent
    }
}

/// Reads the proxies' half of the switch off a pod's sidecar.
pub(super) fn dual_stack(pod: &Value) -> bool {
    let containers = ["/spec/initContainers", "/spec/containers"].into_iter().flat_map(|list| items(pod, list));
    containers.filter(|container| text(container, "/name") == PROXY).any(redirect::dual_stack)
}
