//! What a provider of clusters must be able to do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::ClusterError;
use crate::context::RunContext;

/// Versions of the tools that a provider uses, by name, as the tools say them.
pub type ToolVersions = BTreeMap<String, String>;

/// A cluster that answers.
#[derive(Clone)]
pub struct Cluster {
    /// The client for it.
    pub client: kube::Client,
    /// kind's name of it, or the kubeconfig's context.
    pub name: String,
    /// The kubeconfig file for tools that need one.
    pub kubeconfig: PathBuf,
    /// The context in it; `None` for its current one.
    pub context: Option<String>,
    /// This run made it, so this run may remove it.
    pub created: bool,
    /// The names of its nodes, sorted; empty where the user may not list them.
    pub nodes: Vec<String>,
    /// How one looks into the network namespaces of its pods.
    pub way_in: WayIn,
}

/// How one looks into the network namespaces of pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayIn {
    /// By Docker, where the nodes are containers of this machine.
    Docker,
    /// By a page of the API server, which takes `?pod=NAMESPACE/NAME` many times.
    Page(&'static str),
}

/// A source of clusters.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Checks the settings as far as this machine can tell: nothing is run or made.
    ///
    /// # Errors
    /// [`ClusterError::Setting`]: the user's input is wrong.
    fn check(&self) -> Result<(), ClusterError>;

    /// Returns what the cluster is made from, for the bundle: texts by file name. Empty for a cluster that is there.
    fn inputs(&self, context: &RunContext) -> BTreeMap<String, String>;

    /// Looks for everything that would make the creation fail, and makes nothing but a pulled node image.
    ///
    /// # Errors
    /// The first obstacle, with its cure.
    async fn preflight(&self, context: &RunContext) -> Result<ToolVersions, ClusterError>;

    /// Makes the cluster, or finds it, and returns it when every node is Ready.
    ///
    /// # Errors
    /// Why there is none. What was made by then has been removed again, unless it is to be kept.
    async fn create(&self, context: &RunContext) -> Result<Cluster, ClusterError>;

    /// Gives the nodes those images that they lack and this machine has. Returns notes for people about the others.
    ///
    /// # Errors
    /// When the nodes cannot be asked, or the run was stopped. An image that could not be loaded is no error but a note:
    /// the kubelet may still pull it.
    async fn load_images(
        &self,
        context: &RunContext,
        cluster: &Cluster,
        images: &[String],
    ) -> Result<Vec<String>, ClusterError>;

    /// Gives every node the images of an archive (see [`crate::image`]).
    ///
    /// # Errors
    /// [`ClusterError::TakesNoArchive`] where nobody can reach the nodes, and why a node did not take it: an image in an archive
    /// can be pulled from nowhere.
    async fn load_archive(&self, context: &RunContext, cluster: &Cluster, archive: &Path) -> Result<(), ClusterError>;

    /// Removes the cluster if this run made it. Call it with [`RunContext::for_cleanup`] after the user stopped the run.
    ///
    /// # Errors
    /// When it does not belong to this run, or could not be removed. A cluster that was found is no error: nothing happens.
    async fn close(&self, context: &RunContext, cluster: &Cluster) -> Result<(), ClusterError>;

    /// Says how to look at a cluster that is kept, and how to remove it.
    fn keep_note(&self, cluster: &Cluster) -> String;
}
