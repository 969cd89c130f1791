//! What every mesh must be able to do.

use std::collections::BTreeMap;
use std::path::PathBuf;

use async_trait::async_trait;
use dualproof_dump::bundle::Writer;
use dualproof_model::evidence::PodRef;
use dualproof_model::plan::MeshKind;
use dualproof_model::spec::MeshVersion;

use super::MeshError;
use crate::cluster::Cluster;
use crate::context::RunContext;

/// What the user said about the mesh.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeshSettings {
    /// The installer to use; `None` searches for it. One that is named and does not fit is an error, not a reason to search.
    pub tool: Option<PathBuf>,
    /// The version to install; `None` takes that of the installer on PATH.
    pub version: Option<MeshVersion>,
    /// The folder for fetched installers; a subfolder for each tool and version is made in it.
    pub cache: PathBuf,
    /// Where releases are published; `None` is the mesh's own place.
    pub releases: Option<String>,
    /// Install settings as the installer spells them, `key=value`, in their order.
    pub sets: Vec<String>,
    /// Install files that are laid over ours, in their order.
    pub overlays: Vec<PathBuf>,
}

/// What is known of the install before there is a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prepared {
    /// The version that will be installed; `None` without a mesh.
    pub version: Option<MeshVersion>,
    /// The installer; `None` where none is needed.
    pub tool: Option<PathBuf>,
    /// The installer's versions, by its name, for the manifest.
    pub tools: BTreeMap<String, String>,
    /// Every image that the mesh will run, sorted, each once; empty when it cannot be known.
    pub images: Vec<String>,
    /// The install input as used, in the order in which it is laid over each other.
    pub inputs: Vec<Input>,
}

/// One file that goes into the install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name inside the bundle's inputs: `mesh/istio-operator.yaml`.
    pub name: String,
    /// Where it stands now.
    pub path: PathBuf,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// Who made the mesh that is now there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Installed {
    /// This run; [`Mesh::uninstall`] removes it.
    Made,
    /// It was there already and is used as it is; nothing of it is ever removed.
    Found,
    /// There is no mesh.
    Nothing,
}

/// Versions as the live system tells them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeshVersions {
    /// The control plane's; `None` when there is none or it did not say.
    pub control_plane: Option<String>,
    /// The proxies', each once, sorted.
    pub proxies: Vec<String>,
}

/// What the admin API of each pod's proxy said of its hosts, or why there is nothing.
pub type Counters = BTreeMap<PodRef, Result<Vec<u8>, String>>;

/// A mesh, from its installer to its evidence. Nothing here judges.
#[async_trait]
pub trait Mesh: Send + Sync {
    /// Tells which mesh it is.
    fn kind(&self) -> MeshKind;

    /// Checks the settings as far as this machine can tell: nothing is run, fetched or made.
    ///
    /// # Errors
    /// [`MeshError::Setting`], [`MeshError::Overlay`]: the user's input is wrong.
    fn check(&self) -> Result<(), MeshError>;

    /// Asks the installer at hand for its version, so that a cell can be named before anything is made; `None` when there is
    /// none. Runs one tool, fetches nothing.
    async fn version_at_hand(&self, context: &RunContext) -> Option<MeshVersion>;

    /// Finds the installer, settles the version and renders the install input into the run's folder. Touches no cluster, so it
    /// can go on beside the cluster's creation.
    ///
    /// # Errors
    /// When no installer of the wanted version can be had, or it refuses the input.
    async fn prepare(&self, context: &RunContext) -> Result<Prepared, MeshError>;

    /// Installs the mesh, and returns when the next pod that asks for it will get it. A mesh that is there already is used.
    ///
    /// # Errors
    /// With the reasons why its pods are not ready; when a mesh of another version is there.
    async fn install(
        &self,
        context: &RunContext,
        cluster: &Cluster,
        prepared: &Prepared,
    ) -> Result<Installed, MeshError>;

    /// Names the label that puts a namespace's pods into the mesh; `None` when nothing needs one.
    fn injection_label(&self) -> Option<(&'static str, &'static str)>;

    /// Names the container that each pod in the mesh has; `None` when pods stay as they are.
    fn sidecar(&self) -> Option<&'static str>;

    /// Lists the namespaces of the mesh itself, whose objects and troubles belong into the evidence.
    fn namespaces(&self) -> &'static [&'static str];

    /// Waits until the proxies of `pods` hold what the control plane last sent, and two reads say the same. A proxy that
    /// refuses a configuration, and keeps doing so, has converged: the refusal is evidence.
    ///
    /// # Errors
    /// With the proxies that are not there, or have not answered, when the budget ends.
    async fn converge(&self, context: &RunContext, cluster: &Cluster, pods: &[PodRef]) -> Result<(), MeshError>;

    /// Reads the proxies of `pods` and the control plane into the bundle. What cannot be read is noted as missing with its
    /// reason; one proxy's loss never spoils another's evidence.
    async fn collect(&self, context: &RunContext, cluster: &Cluster, pods: &[PodRef], writer: &Writer);

    /// Reads how often the proxies of `pods` have gone to each host so far. Nothing by default.
    async fn counters(&self, context: &RunContext, cluster: &Cluster, pods: &[PodRef]) -> Counters {
        let _ = (context, cluster, pods);
        Counters::new()
    }

    /// Adds what the control plane says of itself to the bundle of a run that failed: its log. Nothing by default.
    async fn collect_log(&self, context: &RunContext, cluster: &Cluster, writer: &Writer) {
        let _ = (context, cluster, writer);
    }

    /// Asks the control plane and the proxies for their versions.
    ///
    /// # Errors
    /// When the control plane cannot be reached.
    async fn versions(&self, context: &RunContext, cluster: &Cluster) -> Result<MeshVersions, MeshError>;

    /// Removes a mesh that this run made from a cluster that stays, and lists what remains of it and why. A mesh that does
    /// not carry the run's label is left alone and is no error.
    ///
    /// # Errors
    /// When the installer or the API server refuses.
    async fn uninstall(
        &self,
        context: &RunContext,
        cluster: &Cluster,
        prepared: &Prepared,
    ) -> Result<Vec<String>, MeshError>;
}
