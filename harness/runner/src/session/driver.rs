//! What the spine needs of a driver: one method for each stage. The live one talks to tools and clusters; tests have others.

use std::collections::BTreeMap;

use async_trait::async_trait;
use dualproof_driver::trouble::Trouble;
use dualproof_dump::bundle::Writer;
use dualproof_model::evidence::{Failure, Versions, Wait};
use dualproof_model::spec::{CallSpec, Matrix, Subject};

use crate::stage::Stage;

/// What is known before anything is made.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    /// The tools that will be used, with their versions.
    pub tools: BTreeMap<String, String>,
    /// The images that the mesh needs.
    pub images: Vec<String>,
    /// The cell that used the cluster before, by its name; `None` on a cluster of its own.
    pub cluster_from: Option<String>,
    /// What may get in the way, for the user to know.
    pub warnings: Vec<String>,
    /// What goes into the bundle's `inputs/`: the cluster's and the mesh's configuration, by name.
    pub inputs: BTreeMap<String, String>,
}

/// A manifest for a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// The namespace to make.
    pub namespace: String,
    /// The manifest's path, for errors.
    pub name: String,
    /// The manifest.
    pub manifest: String,
    /// Its pods belong into the mesh.
    pub inject: bool,
    /// It calls and is not called: it is deployed when the others are known everywhere.
    pub is_client: bool,
}

/// A call to make for a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallOrder {
    /// The scenario.
    pub scenario: String,
    /// Who calls whom.
    pub subject: Subject,
    /// The call.
    pub call: CallSpec,
}

/// One method for each stage. Each returns when its stage holds, or says what kept it from holding; none judges.
#[async_trait]
pub trait Driver: Send + Sync {
    /// Finds tools and refuses what cannot work, before anything is made.
    async fn prepare(&self) -> Result<Prepared, Trouble>;
    /// Makes the cluster, or takes the one that is there.
    async fn cluster(&self) -> Result<(), Trouble>;
    /// Puts images into the nodes; returns what it noticed.
    async fn images(&self, images: &[String]) -> Result<Vec<String>, Trouble>;
    /// Deploys naked pods, calls between them, and writes calls, answers and objects.
    async fn baseline(&self, bundle: &Writer) -> Result<(), Trouble>;
    /// Installs the mesh and waits until it injects.
    async fn mesh(&self) -> Result<(), Trouble>;
    /// Deploys the workloads and waits until they are Ready.
    async fn workloads(&self, workloads: &[Workload]) -> Result<(), Trouble>;
    /// Waits until every proxy has acknowledged its configuration.
    async fn converge(&self) -> Result<(), Trouble>;
    /// Makes the calls, those of the matrices too, and writes them.
    async fn calls(&self, calls: &[CallOrder], matrices: &[Matrix], bundle: &Writer) -> Result<(), Trouble>;
    /// Writes objects, dumps and logs; returns the versions that the live system shows.
    async fn collect(&self, bundle: &Writer) -> Result<Versions, Trouble>;
    /// Writes what explains a failed stage. It loses nothing and never fails itself.
    async fn diagnose(&self, failure: &Failure, bundle: &Writer);
    /// Removes what the run made; with `keep`, says how to look at it and how to remove it.
    async fn close(&self, keep: bool) -> Result<Option<String>, Trouble>;
    /// Hands over what a stage waited for since the last time.
    fn waits(&self, stage: Stage) -> Vec<Wait>;
}
