//! Starting the container, asking its agent, removing it.

use std::time::Duration;

use dualproof_model::evidence::Testimony;
use dualproof_model::family::AddressSet;
use dualproof_model::plan::Timeouts;
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, GenericImage, ImageExt};

use super::OutsideError;
use super::reach::{FORMAT, addresses, without_a_way};
use crate::context::{MANAGED_BY, RUN_LABEL, RunContext};
use crate::image::AgentImage;
use crate::tool::{self, Invocation, Output, ToolError};

/// The network of kind's nodes (kubernetes-sigs/kind:pkg/cluster/internal/providers/docker/network.go).
const NETWORK: &str = "kind";

/// What the agent must be told of itself: that it is nobody in the cluster.
const NOBODY: [&str; 5] = ["POD_NAME", "POD_UID", "POD_NAMESPACE", "NODE_NAME", "SERVICE_ACCOUNT"];

/// The agent in a container beside kind's nodes. It goes with the value at the latest.
pub struct Outside {
    container: ContainerAsync<GenericImage>,
    addresses: AddressSet,
}

impl Outside {
    /// Gives Docker the agent's image and starts a container of it.
    ///
    /// # Errors
    /// Docker refuses, the budget `image_load` is used up, or the run is stopped. What was made by then [`clear`] removes.
    pub async fn start(context: &RunContext, image: &AgentImage) -> Result<Self, OutsideError> {
        let limit = Timeouts::of(context.timeouts.image_load);
        if let Some(archive) = image.archive(&context.folder)? {
            let load = Invocation::new("docker", limit).args(["load", "--quiet", "--input"]).arg(archive);
            tool::run(&load, &context.cancel).await.map_err(OutsideError::Load)?;
        }
        let reference = &image.identity().reference;
        let (name, tag) = named(reference);
        let request = GenericImage::new(name, tag).with_network(NETWORK).with_labels(context.labels());
        let request = request.with_container_name(format!("dualproof-{}-outside", context.run));
        let request = request.with_env_var("DUALPROOF_RUN", &context.run).with_cmd(["serve", "--tcp", "dual:9000"]);
        let request = NOBODY.iter().fold(request, |request, variable| request.with_env_var(*variable, ""));
        let started = tokio::select! {
            started = tokio::time::timeout(limit, request.start()) => started,
            () = context.cancel.cancelled() => {
                return Err(OutsideError::Unfinished { network: NETWORK, why: "the run was stopped" });
            }
        };
        let container = match started {
            Ok(Ok(container)) => container,
            Ok(Err(source)) => {
                let (image, source) = (reference.clone(), Box::new(source));
                return Err(OutsideError::Start { image, network: NETWORK, source });
            }
            Err(_) => return Err(OutsideError::Unfinished { network: NETWORK, why: "its time is used up" }),
        };
        let addresses = inspect(context, container.id()).await.map_err(OutsideError::Ask)?;
        Ok(Self { container, addresses })
    }

    /// Runs a command beside the agent. A status other than 0 is no error.
    pub(crate) async fn run(
        &self,
        context: &RunContext,
        argv: &[String],
        input: &[u8],
        limit: Duration,
    ) -> (Output, Result<(), ToolError>) {
        let call = Invocation::new("docker", limit).args(["exec", "--interactive", self.container.id()]);
        tool::transcript(&call.args(argv).stdin(input).unchecked(), &context.cancel).await
    }

    /// Takes back what the agent told of calls over a family that the container has not, or had not any more, and of those that
    /// its own kernel refused: they say nothing of the cluster.
    pub(crate) async fn take_back(&self, context: &RunContext, testimonies: &mut [Testimony]) {
        let after = inspect(context, self.container.id()).await.ok().filter(|after| !after.is_empty());
        without_a_way(testimonies, &self.addresses, after.as_ref());
    }
}

/// Removes every container that carries the run's labels.
///
/// # Errors
/// Docker refuses or does not answer.
pub async fn clear(context: &RunContext) -> Result<(), ToolError> {
    let limit = Timeouts::of(context.timeouts.tool);
    let (run, ours) =
        (format!("label={RUN_LABEL}={}", context.run), format!("label={}={}", MANAGED_BY.0, MANAGED_BY.1));
    let list = Invocation::new("docker", limit).args(["ps", "--all", "--quiet", "--filter", &run, "--filter", &ours]);
    let found = tool::run(&list, &context.cancel).await?.text();
    let found: Vec<&str> = found.split_whitespace().collect();
    if found.is_empty() {
        return Ok(());
    }
    let remove = Invocation::new("docker", Timeouts::of(context.timeouts.cleanup));
    tool::run(&remove.args(["rm", "--force", "--volumes"]).args(found), &context.cancel).await.map(drop)
}

async fn inspect(context: &RunContext, id: &str) -> Result<AddressSet, ToolError> {
    let ask = Invocation::new("docker", Timeouts::of(context.timeouts.tool)).args(["inspect", "--format", FORMAT, id]);
    Ok(addresses(&tool::run(&ask, &context.cancel).await?.text()))
}

/// Splits an image's name where `testcontainers` joins it: before the tag, or inside the digest.
fn named(reference: &str) -> (&str, &str) {
    match reference.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (reference, "latest"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_s_name_is_joined_again_as_it_was() {
        for (reference, name, tag) in [
            ("dualproof.dev/agent:0123", "dualproof.dev/agent", "0123"),
            ("registry:5000/agent", "registry:5000/agent", "latest"),
            ("agent@sha256:0123", "agent@sha256", "0123"),
            ("[fd00::1]:5000/agent:1", "[fd00::1]:5000/agent", "1"),
        ] {
            assert_eq!(named(reference), (name, tag));
        }
    }
}
