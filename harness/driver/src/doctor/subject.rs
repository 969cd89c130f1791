//! What the machine is examined for.

use std::path::PathBuf;
use std::sync::Arc;

use dualproof_model::plan::MeshKind;
use dualproof_model::spec::MeshVersion;

use super::Ground;
use crate::cluster::{Existing, KindSettings};

/// The run that the machine should carry.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Where the cluster comes from.
    pub source: Source,
    /// The mesh.
    pub mesh: MeshKind,
    /// The mesh's version; `None` when it is not known yet.
    pub mesh_version: Option<MeshVersion>,
    /// The folder for reports and the bundle; it need not be there yet.
    pub out: PathBuf,
    /// The folder for private files of runs; it need not be there yet.
    pub state: PathBuf,
}

/// Where the cluster comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// kind makes it on this machine.
    Kind(KindSettings),
    /// kind made it for a cell before, and the machine was examined then.
    Handed(KindSettings),
    /// It is there already.
    Existing(Existing),
    /// It is made of this machine's namespaces, by who asks, and who looks at the machine for it.
    Embedded(Arc<dyn Ground>),
}

impl Subject {
    /// Counts what runs beside the nodes and asks for about as much as one more of them.
    pub(super) fn meshes(&self) -> u64 {
        u64::from(self.mesh != MeshKind::None)
    }
}
