//! What a run is about to make, written into its journal before it is made.

use std::path::{Path, PathBuf, absolute};

use dualproof_driver::cluster::Cluster;
use dualproof_driver::context::RUN_LABEL;
use dualproof_driver::trouble::Trouble;
use dualproof_model::plan::{MeshKind, ProviderKind};
use jiff::Timestamp;

use super::settings::cluster_name;
use crate::lease::{JournalFile, Made, RunFolder};
use crate::settings::Settings;

/// Writes one run's journal. Of a cell that is judged as it is nothing is written: the run makes nothing there.
pub(in crate::live) struct Foretold {
    journal: JournalFile,
    kind: Option<(String, PathBuf)>,
    embedded: Option<PathBuf>,
    mesh: MeshKind,
    version: Option<String>,
    tool: Option<PathBuf>,
    overlays: Vec<PathBuf>,
    silent: bool,
}

impl Foretold {
    pub(in crate::live) fn new(settings: &Settings, folder: &RunFolder) -> Self {
        let kind = || (cluster_name(settings, folder.id()), folder.path().join("kubeconfig"));
        Self {
            journal: folder.journal(),
            kind: (settings.provider == ProviderKind::Kind).then(kind),
            embedded: (settings.provider == ProviderKind::Embedded).then(|| folder.path().join("kubeconfig")),
            mesh: settings.mesh,
            version: settings.mesh_version.as_ref().map(ToString::to_string),
            tool: settings.istioctl.as_deref().map(whole),
            overlays: settings.mesh_overlay.iter().map(|path| whole(path)).collect(),
            silent: settings.reuse,
        }
    }

    /// Before the cluster is made.
    pub(in crate::live) fn cluster(&self) -> Result<(), Trouble> {
        if let Some(kubeconfig) = self.embedded.clone() {
            return self.amend(Made::EmbeddedCluster { kubeconfig });
        }
        let Some((name, kubeconfig)) = self.kind.clone() else { return Ok(()) };
        self.amend(Made::KindCluster { name, kubeconfig, asked: Timestamp::now() })
    }

    /// Before the first namespace on a cluster that was there. Those on our own cluster go with it.
    pub(in crate::live) fn namespaces(&self, cluster: &Cluster, run: &str) -> Result<(), Trouble> {
        if cluster.created {
            return Ok(());
        }
        self.amend(Made::Namespaces {
            kubeconfig: whole(&cluster.kubeconfig),
            context: Some(cluster.name.clone()),
            selector: format!("{RUN_LABEL}={run}"),
        })
    }

    /// Before the mesh is installed on a cluster that was there.
    pub(in crate::live) fn mesh(&self, cluster: &Cluster) -> Result<(), Trouble> {
        if cluster.created || self.mesh == MeshKind::None {
            return Ok(());
        }
        self.amend(Made::Mesh {
            kubeconfig: whole(&cluster.kubeconfig),
            context: Some(cluster.name.clone()),
            mesh: self.mesh,
            version: self.version.clone(),
            tool: self.tool.clone(),
            overlays: self.overlays.clone(),
        })
    }

    fn amend(&self, made: Made) -> Result<(), Trouble> {
        if self.silent { Ok(()) } else { Ok(self.journal.amend(made)?) }
    }
}

/// Sweeping may happen in another folder than the run.
fn whole(path: &Path) -> PathBuf {
    absolute(path).unwrap_or_else(|_| path.to_owned())
}
