//! Making a kind cluster, filling it, removing it.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use async_trait::async_trait;
use dualproof_model::plan::Timeouts;
use futures_util::{StreamExt, stream};
use k8s_openapi::api::core::v1::Node;
use kube::ResourceExt;

use super::{KindSettings, KindTools, cure, kind_config};
use crate::api;
use crate::cluster::{Cluster, ClusterError, Provider, ToolVersions, WayIn, missing_images, nodes};
use crate::context::{RUN_LABEL, RunContext};
use crate::tool::{self, Invocation, ToolError};
use crate::wait::{Progress, until};

/// How many images are loaded at once: each is written to the disk of every node.
const LOADS_AT_ONCE: usize = 2;

/// Clusters that kind makes.
#[derive(Clone, Debug)]
pub struct Kind {
    settings: KindSettings,
    tools: KindTools,
}

impl Kind {
    /// Makes a provider of one cluster.
    #[must_use]
    pub fn new(settings: KindSettings) -> Self {
        Self { settings, tools: KindTools::default() }
    }

    /// Takes other programs than those on PATH.
    #[must_use]
    pub fn with_tools(self, tools: KindTools) -> Self {
        Self { tools, ..self }
    }

    async fn make(&self, context: &RunContext, kubeconfig: &Path) -> Result<Cluster, ClusterError> {
        let name = &self.settings.name;
        let config = context.folder.join("kind.yaml");
        write_private(&config, &kind_config(&self.settings, &context.run))?;
        let call = Invocation::new(&self.tools.kind, Timeouts::of(context.timeouts.cluster_create))
            .args(["create", "cluster", "--retain", "--name", name, "--image", &self.settings.image(), "--config"])
            .arg(config)
            .arg("--kubeconfig")
            .arg(kubeconfig);
        if let Err(source) = tool::run(&call, &context.cancel).await {
            return Err(self.explain(context, source).await);
        }
        let client = api::client(kubeconfig, None).await?;
        let limit = Timeouts::of(context.timeouts.node_ready);
        let nodes = nodes::ready(context, &client, usize::from(self.settings.nodes), limit)
            .await
            .map_err(|source| ClusterError::NotReady { name: name.clone(), source })?;
        if !self.settings.stock {
            self.tools.refuse_lost(context, &nodes).await?;
        }
        let (name, kubeconfig) = (name.clone(), kubeconfig.to_owned());
        Ok(Cluster { client, name, kubeconfig, context: None, created: true, nodes, way_in: WayIn::Docker })
    }

    async fn explain(&self, context: &RunContext, source: ToolError) -> ClusterError {
        let name = self.settings.name.clone();
        match source {
            ToolError::Cancelled { .. } => ClusterError::Tool { what: format!("create the cluster {name}"), source },
            // Somebody was faster after the preflight; their cluster must not be removed.
            ToolError::Failed { ref tail, .. } if tail.contains("already exist for a cluster") => {
                ClusterError::NameTaken { name }
            }
            source => {
                let reason = cure::ask_node(&self.tools, context, &name, &source).await;
                ClusterError::Create { name, reason: reason.line, cure: reason.cure, source: Box::new(source) }
            }
        }
    }

    /// Removes the cluster's containers, again and again until none is left: a container that was being started when kind was
    /// killed appears late.
    async fn remove(&self, context: &RunContext, kubeconfig: &Path) -> Result<(), ClusterError> {
        let name = &self.settings.name;
        let limit = Timeouts::of(context.timeouts.cleanup);
        let failed = |source| ClusterError::Tool { what: format!("remove the cluster {name}"), source };
        let gone = format!("cluster {name} gone");
        let result = until(context, &gone, limit, || async {
            let delete = Invocation::new(&self.tools.kind, limit)
                .args(["delete", "cluster", "--name", name, "--kubeconfig"])
                .arg(kubeconfig);
            if let Err(error) = self.tools.thawing(context, name, tool::run(&delete, &context.cancel)).await {
                return Progress::Done(Err(failed(error)));
            }
            match self.tools.kind(context, &["get", "nodes", "--name", name], limit).await {
                Ok(nodes) if nodes.text().trim().is_empty() => Progress::Done(Ok(())),
                Ok(nodes) => Progress::NotYet(format!("still there: {}", nodes.text().trim())),
                Err(error) => Progress::Done(Err(failed(error))),
            }
        })
        .await;
        result.map_err(api::ApiError::from)?
    }

    async fn load(&self, context: &RunContext, image: &str) -> Result<Option<String>, ClusterError> {
        if !self.tools.has_image(context, image).await? {
            return Ok(Some(format!("{image}: not on this machine, left to the kubelet's pull")));
        }
        let limit = Timeouts::of(context.timeouts.image_load);
        match self.tools.kind(context, &["load", "docker-image", image, "--name", &self.settings.name], limit).await {
            Ok(_) => Ok(None),
            Err(source @ ToolError::Cancelled { .. }) => {
                Err(ClusterError::Tool { what: format!("load the image {image}"), source })
            }
            Err(error) => Ok(Some(format!("{image}: left to the kubelet's pull, because {error}"))),
        }
    }
}

#[async_trait]
impl Provider for Kind {
    fn check(&self) -> Result<(), ClusterError> {
        self.settings.validate()
    }

    fn inputs(&self, context: &RunContext) -> BTreeMap<String, String> {
        BTreeMap::from([("kind.yaml".to_owned(), kind_config(&self.settings, &context.run))])
    }

    async fn preflight(&self, context: &RunContext) -> Result<ToolVersions, ClusterError> {
        self.settings.validate()?;
        let (docker_version, kind_version) =
            tokio::try_join!(self.tools.docker_version(context), self.tools.kind_version(context))?;
        tokio::try_join!(self.tools.check_network(context), self.tools.check_name(context, &self.settings.name))?;
        self.tools.check_node_image(context, &self.settings.image(), self.settings.version()).await?;
        Ok(BTreeMap::from([("docker".to_owned(), docker_version), ("kind".to_owned(), kind_version)]))
    }

    async fn create(&self, context: &RunContext) -> Result<Cluster, ClusterError> {
        self.settings.validate()?;
        self.tools.check_name(context, &self.settings.name).await?;
        let kubeconfig = context.folder.join("kubeconfig");
        // Made before kind fills it, so that nobody else can read it at any moment.
        write_private(&kubeconfig, "")?;
        let made = self.make(context, &kubeconfig).await;
        if let Err(error) = &made
            && !self.settings.keep
            && !matches!(error, ClusterError::NameTaken { .. })
        {
            // The first error is the one that counts; what stays behind carries the run's id in its name.
            let _ = self.remove(&context.for_cleanup(), &kubeconfig).await;
        }
        made
    }

    async fn load_images(
        &self,
        context: &RunContext,
        cluster: &Cluster,
        images: &[String],
    ) -> Result<Vec<String>, ClusterError> {
        let nodes: Vec<Node> = api::list(context, &cluster.client, None).await?;
        let missing = missing_images(images, &nodes);
        let mut loads = Vec::new();
        for image in &missing {
            loads.push(self.load(context, image));
        }
        let results: Vec<_> = stream::iter(loads).buffered(LOADS_AT_ONCE).collect().await;
        results.into_iter().filter_map(Result::transpose).collect()
    }

    async fn load_archive(&self, context: &RunContext, _cluster: &Cluster, archive: &Path) -> Result<(), ClusterError> {
        let load = Invocation::new(&self.tools.kind, Timeouts::of(context.timeouts.image_load))
            .args(["load", "image-archive"])
            .arg(archive)
            .args(["--name", &self.settings.name]);
        let failed = |source| ClusterError::Tool { what: "load the agent's image into the nodes".to_owned(), source };
        tool::run(&load, &context.cancel).await.map(drop).map_err(failed)
    }

    async fn close(&self, context: &RunContext, cluster: &Cluster) -> Result<(), ClusterError> {
        if !cluster.created {
            return Ok(());
        }
        // A cluster whose API server is dead cannot show its labels; that this run made it is known all the same.
        if let Ok(nodes) = api::list::<Node>(context, &cluster.client, None).await
            && !nodes.iter().all(|node| node.labels().get(RUN_LABEL) == Some(&context.run))
        {
            return Err(ClusterError::NotOurs { name: cluster.name.clone(), run: context.run.clone() });
        }
        self.remove(context, &cluster.kubeconfig).await
    }

    fn keep_note(&self, cluster: &Cluster) -> String {
        let name = &cluster.name;
        format!(
            "the cluster `{name}` stays; look at it with `kubectl --kubeconfig {} get pods -A`, remove it with `kind delete \
             cluster --name {name}`",
            cluster.kubeconfig.display()
        )
    }
}

/// Writes a file that only this user may read.
fn write_private(path: &Path, text: &str) -> Result<(), ClusterError> {
    let write = || {
        std::fs::write(path, "")?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        std::fs::write(path, text)
    };
    write().map_err(|source| ClusterError::Folder { path: path.to_owned(), source })
}
