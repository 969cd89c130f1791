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

use super::Serve;
use super::process::{Process, Started};

/// How many of the last lines of a cluster's log are told.
const LAST_LINES: usize = 4;

/// How a hint begins.
const HINT: &str = "hint: ";

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
        let EmbeddedSettings { envoy, cache, .. } = &self.settings;
        let places = Places { budget: limit, ..places(envoy.as_deref(), cache) };
        envoy::find(&places)
            .await
            .map_err(|error| failed("find an Envoy for the sidecars", chain(&error), error.hint()))
    }

    /// Starts the cluster's process and waits until its nodes are Ready. After an error the process may be there.
    async fn begin(&self, context: &RunContext) -> Result<Cluster, ClusterError> {
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
            families: order.families().to_vec(),
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
            () = context.cancel.cancelled() => Err(("the run was stopped".to_owned(), String::new())),
            told = tokio::time::timeout(limit, ready) => match told {
                Ok(Ok(Started::Ready)) => Ok(()),
                Ok(Ok(Started::Ended) | Err(_)) => Err(last_words(&log)),
                Err(_) => {
                    let (why, hint) = last_words(&log);
                    Err((format!("not ready within {} s: {why}", limit.as_secs()), hint))
                }
            },
        };
        told.map_err(|(why, hint)| failed("start the embedded cluster", why, hint))?;
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

    /// Ends the cluster's process, if there is one.
    async fn end(&self) -> Result<(), ClusterError> {
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner).take();
        match process {
            Some(process) => process
                .end()
                .await
                .map_err(|error| failed("end the embedded cluster", error.to_string(), String::new())),
            None => Ok(()),
        }
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
        let envoy = self.find_envoy(Timeouts::of(context.timeouts.cluster_create)).await?;
        let versions = ToolVersions::from([("envoy".to_owned(), envoy.version.clone())]);
        *self.envoy.lock().unwrap_or_else(PoisonError::into_inner) = Some(envoy);
        Ok(versions)
    }

    async fn create(&self, context: &RunContext) -> Result<Cluster, ClusterError> {
        let begun = self.begin(context).await;
        // One that is to be kept would go on, and nobody would know of it.
        if begun.is_err() {
            self.end().await?;
        }
        begun
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
        self.end().await
    }

    fn keep_note(&self, cluster: &Cluster) -> String {
        format!("the cluster goes on: kubectl --kubeconfig {} get pods --all-namespaces", cluster.kubeconfig.display())
    }
}

/// Where the sidecars' Envoy may be: the one that the user named, PATH, and the folder for downloaded tools.
pub(super) fn places(given: Option<&Path>, cache: &Path) -> Places {
    Places {
        given: given.map(Path::to_owned),
        search: std::env::var_os("PATH"),
        cache: cache.to_owned(),
        budget: Duration::ZERO,
    }
}

fn failed(what: &str, why: String, hint: String) -> ClusterError {
    ClusterError::Provider { what: what.to_owned(), why, hint }
}

/// Reads what the cluster said last: its error, and its hint.
fn last_words(log: &Path) -> (String, String) {
    let (why, hint) = told(&std::fs::read_to_string(log).unwrap_or_default());
    // Where there is no room, there is none for its words either.
    // The run's own folder is gone by then.
    let place = log.ancestors().nth(2).unwrap_or(log).display();
    let otherwise = || format!("look at `dualproof doctor --provider embedded`, and for room: `df -h {place}`");
    (why, hint.unwrap_or_else(otherwise))
}

/// Takes error and hint out of the last lines of a log.
fn told(text: &str) -> (String, Option<String>) {
    let lines: Vec<&str> = text.lines().rev().take(LAST_LINES).collect();
    let (hints, words): (Vec<&str>, Vec<&str>) = lines.into_iter().rev().partition(|line| line.starts_with(HINT));
    let words: Vec<&str> = words.into_iter().map(|line| line.strip_prefix("error: ").unwrap_or(line)).collect();
    let why = if words.is_empty() { "it said nothing".to_owned() } else { words.join("; ") };
    (why, hints.last().map(|hint| hint[HINT.len()..].to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_that_does_not_start_has_the_last_word_and_its_own_hint() {
        let own = ("one; no namespaces".to_owned(), Some("run as root".to_owned()));
        assert_eq!(told("one\nerror: no namespaces\nhint: run as root\n"), own);
        assert_eq!(told(""), ("it said nothing".to_owned(), None));
    }
}
