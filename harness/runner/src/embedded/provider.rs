//! Starting and ending embedded clusters.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use dualproof_driver::api;
use dualproof_driver::cluster::{Cluster, ClusterError, Provider, ToolVersions, WayIn, check_name, ready_nodes};
use dualproof_driver::context::RunContext;
use dualproof_driver::trouble::chain;
use dualproof_embedded::api::kubeconfig;
use dualproof_embedded::envoy::{self, Envoy, Places};
use dualproof_embedded::supervisor::NETNS_PAGE;
use dualproof_model::family::FamilyOrder;
use dualproof_model::plan::Timeouts;
use dualproof_netns::confine::{self, Obstacle};

use super::Serve;
use super::process::{Process, Started};

/// What an embedded cluster is made with.
#[derive(Clone, Debug)]
pub struct EmbeddedSettings {
    /// Its name.
    pub name: String,
    /// The order of its families.
    pub order: FamilyOrder,
    /// How many nodes.
    pub nodes: u8,
    /// The Envoy that the user named.
    pub envoy: Option<PathBuf>,
    /// The folder for downloaded tools.
    pub cache: PathBuf,
    /// It goes on after the run.
    pub keep: bool,
}

/// The provider.
#[derive(Debug)]
pub struct Embedded {
    settings: EmbeddedSettings,
    envoy: Mutex<Option<Envoy>>,
    process: Mutex<Option<Process>>,
}

impl Embedded {
    /// Makes a provider of one cluster.
    #[must_use]
    pub fn new(settings: EmbeddedSettings) -> Self {
        Self { settings, envoy: Mutex::default(), process: Mutex::default() }
    }

    async fn find_envoy(&self, limit: Duration) -> Result<Envoy, ClusterError> {
        let places = Places {
            given: self.settings.envoy.clone(),
            search: std::env::var_os("PATH"),
            cache: self.settings.cache.clone(),
            budget: limit,
        };
        envoy::find(&places)
            .await
            .map_err(|error| failed("find an Envoy for the sidecars", chain(&error), error.hint()))
    }

    fn take_process(&self) -> Option<Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[async_trait]
impl Provider for Embedded {
    fn check(&self) -> Result<(), ClusterError> {
        check_name(&self.settings.name)
    }

    fn inputs(&self, _: &RunContext) -> BTreeMap<String, String> {
        let EmbeddedSettings { name, order, nodes, .. } = &self.settings;
        BTreeMap::from([("embedded.yaml".to_owned(), format!("name: {name}\norder: {order}\nnodes: {nodes}\n"))])
    }

    async fn preflight(&self, context: &RunContext) -> Result<ToolVersions, ClusterError> {
        if let Some((why, cure)) = obstacle() {
            return Err(failed("make a dual-stack network of our own on this machine", why, cure));
        }
        let envoy = self.find_envoy(Timeouts::of(context.timeouts.cluster_create)).await?;
        let versions = ToolVersions::from([("envoy".to_owned(), envoy.version.clone())]);
        *self.envoy.lock().unwrap_or_else(PoisonError::into_inner) = Some(envoy);
        Ok(versions)
    }

    async fn create(&self, context: &RunContext) -> Result<Cluster, ClusterError> {
        let kept = self.envoy.lock().unwrap_or_else(PoisonError::into_inner).take();
        let limit = Timeouts::of(context.timeouts.cluster_create);
        let envoy = match kept {
            Some(envoy) => envoy,
            None => self.find_envoy(limit).await?,
        };
        let EmbeddedSettings { name, order, nodes, keep, .. } = &self.settings;
        let io = |what: &str| {
            let what = what.to_owned();
            move |error: std::io::Error| failed(&what, error.to_string(), String::new())
        };
        let listener =
            TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).map_err(io("listen on 127.0.0.1"))?;
        let address = listener.local_addr().map_err(io("listen on 127.0.0.1"))?;
        let serve = Serve {
            name: name.clone(),
            folder: context.folder.join("cluster"),
            families: order.families().into(),
            nodes: *nodes,
            envoy: envoy.path,
            envoy_version: envoy.version,
            ends_with_parent: !keep,
        };
        let log = context.folder.join("cluster.log");
        let (process, ready) = Process::start(&serve, listener, &log).map_err(io("start the cluster's process"))?;
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(process);
        let told = tokio::select! {
            biased;
            () = context.cancel.cancelled() => Err("the run was stopped".to_owned()),
            told = tokio::time::timeout(limit, ready) => match told {
                Ok(Ok(Started::Ready)) => Ok(()),
                Ok(Ok(Started::Ended) | Err(_)) => Err(last_words(&log)),
                Err(_) => Err(format!("not ready within {} s: {}", limit.as_secs(), last_words(&log))),
            },
        };
        if let Err(why) = told {
            if let Some(process) = self.take_process() {
                process.end().await.map_err(io("end the cluster's process"))?;
            }
            return Err(failed(
                "start the embedded cluster",
                why,
                "look at `dualproof doctor --provider embedded`".to_owned(),
            ));
        }
        let path = context.folder.join("kubeconfig");
        std::fs::write(&path, kubeconfig(name, address)).map_err(io("write the kubeconfig"))?;
        let client = api::client(&path, None).await?;
        let nodes = ready_nodes(context, &client, usize::from(*nodes), limit)
            .await
            .map_err(|source| ClusterError::NotReady { name: name.clone(), source })?;
        Ok(Cluster {
            client,
            name: name.clone(),
            kubeconfig: path,
            context: None,
            created: true,
            nodes,
            way_in: WayIn::Page(NETNS_PAGE),
        })
    }

    /// Programs stand for images: there is nothing to load.
    async fn load_images(&self, _: &RunContext, _: &Cluster, _: &[String]) -> Result<Vec<String>, ClusterError> {
        Ok(Vec::new())
    }

    /// The agent is one of the cluster's own programs.
    async fn load_archive(&self, _: &RunContext, _: &Cluster, _: &Path) -> Result<(), ClusterError> {
        Ok(())
    }

    async fn close(&self, _: &RunContext, _: &Cluster) -> Result<(), ClusterError> {
        match self.take_process() {
            Some(process) => process
                .end()
                .await
                .map_err(|error| failed("end the embedded cluster", error.to_string(), String::new())),
            None => Ok(()),
        }
    }

    fn keep_note(&self, cluster: &Cluster) -> String {
        format!("the cluster goes on: kubectl --kubeconfig {} get pods --all-namespaces", cluster.kubeconfig.display())
    }
}

/// Says what keeps an embedded cluster from working here; `None` when nothing is known to. Envoy is not asked for: it can be fetched.
#[must_use]
pub fn missing() -> Option<String> {
    obstacle().map(|(why, cure)| format!("{why}; {cure}"))
}

/// What the machine does not allow, and what helps.
fn obstacle() -> Option<(String, String)> {
    let machine = confine::probe();
    if !machine.is_root && machine.obstacle != Obstacle::Unknown {
        return Some((machine.obstacle.to_string(), machine.obstacle.cure()));
    }
    let cure = "boot without ipv6.disable=1: a dual-stack cluster needs both families in the kernel";
    (!machine.has_ipv6).then(|| ("the kernel has no IPv6".to_owned(), cure.to_owned()))
}

fn failed(what: &str, why: String, hint: String) -> ClusterError {
    ClusterError::Provider { what: what.to_owned(), why, hint }
}

/// Takes what the cluster said last: its error and hint.
fn last_words(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(4).collect();
    if lines.is_empty() { "it said nothing".to_owned() } else { lines.into_iter().rev().collect::<Vec<_>>().join("; ") }
}
