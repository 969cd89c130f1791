//! The two tools, and what they are asked.

use std::ffi::OsString;
use std::time::Duration;

use dualproof_model::plan::Timeouts;

use crate::cluster::ClusterError;
use crate::context::RunContext;
use crate::tool::{self, Invocation, Output, ToolError};

/// The programs: names on PATH, or paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindTools {
    /// Docker's client.
    pub docker: OsString,
    /// kind.
    pub kind: OsString,
}

impl Default for KindTools {
    fn default() -> Self {
        Self { docker: "docker".into(), kind: "kind".into() }
    }
}

impl KindTools {
    /// Runs `docker` and returns what it wrote; a status other than 0 is an error.
    pub(crate) async fn docker(
        &self,
        context: &RunContext,
        arguments: &[&str],
        limit: Duration,
    ) -> Result<Output, ToolError> {
        tool::run(&Invocation::new(&self.docker, limit).args(arguments.iter().copied()), &context.cancel).await
    }

    /// Runs `kind` and returns what it wrote; a status other than 0 is an error.
    pub(super) async fn kind(
        &self,
        context: &RunContext,
        arguments: &[&str],
        limit: Duration,
    ) -> Result<Output, ToolError> {
        tool::run(&Invocation::new(&self.kind, limit).args(arguments.iter().copied()), &context.cancel).await
    }

    /// Asks the Docker daemon for its version.
    pub(crate) async fn docker_version(&self, context: &RunContext) -> Result<String, ClusterError> {
        let limit = Timeouts::of(context.timeouts.tool);
        match self.docker(context, &["version", "--format", "{{.Server.Version}}"], limit).await {
            Ok(output) => Ok(output.text().trim().to_owned()),
            Err(source @ (ToolError::NotFound { .. } | ToolError::Cancelled { .. })) => {
                Err(ClusterError::Tool { what: "ask docker for its version".to_owned(), source })
            }
            Err(source) => Err(ClusterError::DockerSilent(source)),
        }
    }

    /// Asks kind for its version: `kind v0.33.0 go1.26.8 linux/amd64` is `0.33.0`.
    pub(crate) async fn kind_version(&self, context: &RunContext) -> Result<String, ClusterError> {
        let limit = Timeouts::of(context.timeouts.tool);
        let failed = |source| ClusterError::Tool { what: "ask kind for its version".to_owned(), source };
        let text = self.kind(context, &["version"], limit).await.map_err(failed)?.text();
        let word = text.split_whitespace().nth(1).unwrap_or_else(|| text.trim());
        Ok(word.strip_prefix('v').unwrap_or(word).to_owned())
    }

    /// Refuses a network `kind` without IPv6: kind uses the network as it is. None at all is well, kind makes it.
    pub(crate) async fn check_network(&self, context: &RunContext) -> Result<(), ClusterError> {
        let arguments = ["network", "inspect", "kind", "--format", "{{.EnableIPv6}}"];
        let call = Invocation::new(&self.docker, Timeouts::of(context.timeouts.tool)).args(arguments).unchecked();
        let failed = |source| ClusterError::Tool { what: "look at the docker network `kind`".to_owned(), source };
        let output = tool::run(&call, &context.cancel).await.map_err(failed)?;
        let without = output.code == Some(0) && output.text().trim() == "false";
        if without { Err(ClusterError::NetworkWithoutIpv6) } else { Ok(()) }
    }

    /// Tells whether Docker has an image. A daemon that does not answer is no answer: its words differ from those of a clear no
    /// (moby/moby:daemon/images/image.go `ErrImageDoesNotExist`).
    pub(crate) async fn has_image(&self, context: &RunContext, image: &str) -> Result<bool, ClusterError> {
        let arguments = ["image", "inspect", "--format", "{{.Id}}", image];
        match self.docker(context, &arguments, Timeouts::of(context.timeouts.tool)).await {
            Ok(_) => Ok(true),
            Err(ToolError::Failed { tail, .. }) if tail.to_lowercase().contains("no such image") => Ok(false),
            Err(source @ ToolError::Failed { .. }) => Err(ClusterError::DockerSilent(source)),
            Err(source) => Err(ClusterError::Tool { what: format!("look for the image {image}"), source }),
        }
    }

    /// Makes sure that Docker has the node image, pulling it if need be.
    pub(super) async fn check_node_image(
        &self,
        context: &RunContext,
        image: &str,
        version: &str,
    ) -> Result<(), ClusterError> {
        if self.has_image(context, image).await? {
            return Ok(());
        }
        let limit = Timeouts::of(context.timeouts.cluster_create);
        match self.docker(context, &["pull", "--quiet", image], limit).await {
            Ok(_) => Ok(()),
            Err(source @ ToolError::Cancelled { .. }) => {
                Err(ClusterError::Tool { what: format!("pull {image}"), source })
            }
            Err(source) => {
                let local = self.node_images(context).await?;
                let (version, image, source) = (version.to_owned(), image.to_owned(), Box::new(source));
                Err(ClusterError::UnknownVersion { version, image, local, source })
            }
        }
    }

    /// Refuses a name that a cluster has already.
    pub(crate) async fn check_name(&self, context: &RunContext, name: &str) -> Result<(), ClusterError> {
        let failed = |source| ClusterError::Tool { what: "list kind's clusters".to_owned(), source };
        let limit = Timeouts::of(context.timeouts.tool);
        let clusters = self.kind(context, &["get", "clusters"], limit).await.map_err(failed)?.text();
        if clusters.lines().any(|line| line.trim() == name) {
            return Err(ClusterError::NameTaken { name: name.to_owned() });
        }
        Ok(())
    }

    async fn node_images(&self, context: &RunContext) -> Result<Vec<String>, ClusterError> {
        let arguments = ["images", "--format", "{{.Repository}}:{{.Tag}}", "kindest/node"];
        let failed = |source| ClusterError::Tool { what: "list the node images".to_owned(), source };
        let limit = Timeouts::of(context.timeouts.tool);
        let mut images: Vec<String> =
            self.docker(context, &arguments, limit).await.map_err(failed)?.text().lines().map(str::to_owned).collect();
        images.sort();
        Ok(images)
    }
}
