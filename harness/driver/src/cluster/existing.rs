//! A cluster that is there already: looked at, never removed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use dualproof_model::plan::Timeouts;
use k8s_openapi::api::core::v1::Node;
use kube::api::{Api, ListParams};
use kube::config::Kubeconfig;
use kube::{Client, ResourceExt};

use super::{Cluster, ClusterError, Provider, ToolVersions, WayIn};
use crate::api::{self, ApiError};
use crate::context::RunContext;

/// A cluster by its kubeconfig. Nothing of it is changed here; the namespaces of the run are removed by those who made them.
#[derive(Clone, Debug)]
pub struct Existing {
    /// The kubeconfig file.
    pub kubeconfig: PathBuf,
    /// The context in it; `None` takes its current one.
    pub context: Option<String>,
    /// The page by which one looks into pods where the cluster serves it (see [`WayIn::Page`]); `None` does not ask for one.
    pub page: Option<&'static str>,
}

impl Existing {
    async fn reach(&self, context: &RunContext) -> Result<Client, ClusterError> {
        let client = api::client(&self.kubeconfig, self.context.as_deref()).await?;
        match api::server_version(context, &client).await {
            Ok(_) => Ok(client),
            Err(stopped @ ApiError::Cancelled { .. }) => Err(stopped.into()),
            Err(source) => Err(ClusterError::Silent { name: self.name(), source }),
        }
    }

    /// Finds the way into pods: the page where it is served, else the nodes if they are containers of this machine.
    async fn way_in(&self, context: &RunContext, client: &Client) -> WayIn {
        let Some(page) = self.page else { return WayIn::Docker };
        let served = api::list_json(context, client, page).await.is_ok();
        if served { WayIn::Page(page) } else { WayIn::Docker }
    }

    /// Names the cluster by its context.
    fn name(&self) -> String {
        let current = || Kubeconfig::read_from(&self.kubeconfig).ok().and_then(|config| config.current_context);
        self.context.clone().or_else(current).unwrap_or_else(|| "current context".to_owned())
    }
}

#[async_trait]
impl Provider for Existing {
    fn check(&self) -> Result<(), ClusterError> {
        Ok(())
    }

    fn inputs(&self, _context: &RunContext) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    async fn preflight(&self, context: &RunContext) -> Result<ToolVersions, ClusterError> {
        self.reach(context).await?;
        Ok(ToolVersions::new())
    }

    async fn create(&self, context: &RunContext) -> Result<Cluster, ClusterError> {
        let client = self.reach(context).await?;
        let list = Api::<Node>::all(client.clone());
        let limit = Timeouts::of(context.timeouts.request);
        // Without the right to list nodes the run goes on; the collector says that they are missing.
        let nodes = match tokio::time::timeout(limit, list.list(&ListParams::default())).await {
            Ok(Ok(nodes)) => nodes.items.iter().map(ResourceExt::name_any).collect(),
            Ok(Err(_)) | Err(_) => Vec::new(),
        };
        let way_in = self.way_in(context, &client).await;
        Ok(Cluster {
            client,
            name: self.name(),
            kubeconfig: self.kubeconfig.clone(),
            context: self.context.clone(),
            created: false,
            nodes,
            way_in,
        })
    }

    async fn load_images(
        &self,
        _context: &RunContext,
        _cluster: &Cluster,
        images: &[String],
    ) -> Result<Vec<String>, ClusterError> {
        let note = |image: &String| format!("{image}: left to the cluster's own pull");
        Ok(images.iter().map(note).collect())
    }

    async fn load_archive(
        &self,
        _context: &RunContext,
        cluster: &Cluster,
        _archive: &Path,
    ) -> Result<(), ClusterError> {
        Err(ClusterError::TakesNoArchive { name: cluster.name.clone() })
    }

    async fn close(&self, _context: &RunContext, _cluster: &Cluster) -> Result<(), ClusterError> {
        Ok(())
    }

    fn keep_note(&self, cluster: &Cluster) -> String {
        format!("the cluster `{}` was there before this run and stays", cluster.name)
    }
}
