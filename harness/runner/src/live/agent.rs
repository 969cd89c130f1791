//! The agent's image in a run: which manifests need it, and how the nodes get it.

use std::path::Path;

use dualproof_driver::cluster::{Cluster, Provider};
use dualproof_driver::context::RunContext;
use dualproof_driver::image::{self, AgentImage};
use dualproof_driver::trouble::Trouble;
use dualproof_driver::workload::{self, Deployed, MeshMark};

use crate::session::Workload;

/// What manifests write for the agent's image: the real name has the binary's digest in it.
const WRITTEN: &str = "dualproof.dev/agent";

/// Deploys the servers and then the clients, which start when the servers are known everywhere, and makes sure that all that ask for the
/// agent's image run this run's.
pub(super) async fn deploy(
    context: &RunContext,
    cluster: &Cluster,
    workloads: &[Workload],
    mark: MeshMark<'_>,
    agent: &AgentImage,
) -> Result<Deployed, Trouble> {
    let mut deployed = Deployed::default();
    for clients in [false, true] {
        let wanted = workloads.iter().filter(|workload| workload.is_client == clients);
        let wanted: Vec<_> = wanted.map(|workload| to_deploy(workload, agent)).collect();
        deployed.join(workload::deploy(context, cluster, &wanted, mark).await?);
    }
    let namespaces = workloads.iter().map(|workload| workload.namespace.clone()).collect();
    image::run_everywhere(context, cluster, &namespaces, &agent.shown()).await?;
    Ok(deployed)
}

/// Spells a workload for the driver, with the image's real name in its manifest.
fn to_deploy(workload: &Workload, agent: &AgentImage) -> workload::Workload {
    let (written, real) = (format!("image: {WRITTEN}\n"), format!("image: {}\n", agent.identity().reference));
    workload::Workload {
        namespace: workload.namespace.clone(),
        manifest: workload.name.clone(),
        text: workload.manifest.replace(&written, &real),
        inject: workload.inject,
    }
}

/// Gives the nodes the image when one of the run's images is the agent's, and returns the others. A cluster that takes no archive
/// must be able to pull the image that the user names.
pub(super) async fn load(
    context: &RunContext,
    provider: &dyn Provider,
    cluster: &Cluster,
    agent: &AgentImage,
    images: &[String],
) -> Result<Vec<String>, Trouble> {
    let others: Vec<String> = images.iter().filter(|image| *image != WRITTEN).cloned().collect();
    if others.len() == images.len() {
        return Ok(others);
    }
    let folder: &Path = &context.folder;
    if let Some(archive) = agent.archive(folder)? {
        provider.load_archive(context, cluster, &archive).await?;
    }
    Ok(others)
}
