//! What a container has of its pod and its node.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::Log;
use crate::node::image::Images;
use crate::node::network::Sandbox;
use crate::node::{KubeletSettings, Proxies};
use crate::store::{Key, Store};

/// What all pods share.
pub(in crate::node) struct Tools {
    /// The objects.
    pub(in crate::node) store: Store,
    /// The settings.
    pub(in crate::node) settings: KubeletSettings,
    /// The images.
    pub(in crate::node) images: Images,
    /// What the mesh knows.
    pub(in crate::node) proxies: Arc<dyn Proxies>,
    /// Where programs of this machine are found.
    pub(in crate::node) search: String,
}

/// A pod that has a network.
pub(in crate::node) struct Place {
    /// The pod's key.
    pub(in crate::node) key: Key,
    /// Its uid.
    pub(in crate::node) uid: String,
    /// Its network.
    pub(in crate::node) sandbox: Sandbox,
    /// Its folder.
    pub(in crate::node) folder: PathBuf,
    /// What all pods share.
    pub(in crate::node) tools: Arc<Tools>,
    pod: RwLock<Arc<Value>>,
    running: Mutex<BTreeMap<String, Surroundings>>,
    logs: Mutex<BTreeMap<String, Vec<Log>>>,
    closed: CancellationToken,
}

/// What a command gets that is run in a container.
#[derive(Clone, Debug, Default)]
pub(in crate::node) struct Surroundings {
    /// The environment.
    pub(in crate::node) environment: Vec<(String, String)>,
    /// The folder.
    pub(in crate::node) folder: PathBuf,
}

impl Place {
    /// Gives a pod its place.
    pub(in crate::node) fn new(key: Key, pod: Arc<Value>, sandbox: Sandbox, tools: &Arc<Tools>) -> Self {
        let uid = crate::store::object::uid(&pod).to_owned();
        let folder = tools.settings.pod(&uid);
        let (running, logs) = (Mutex::default(), Mutex::default());
        let (tools, pod, closed) = (Arc::clone(tools), RwLock::new(pod), CancellationToken::new());
        Self { key, uid, sandbox, folder, tools, pod, running, logs, closed }
    }

    /// The pod, with its addresses in its status.
    pub(in crate::node) fn pod(&self) -> Arc<Value> {
        Arc::clone(&self.pod.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Learns what the pod is now.
    pub(in crate::node) fn update(&self, pod: Arc<Value>) {
        *self.pod.write().unwrap_or_else(PoisonError::into_inner) = pod;
    }

    /// What a container that runs has; `None` for one that does not run.
    pub(in crate::node) fn surroundings(&self, container: &str) -> Option<Surroundings> {
        self.running().get(container).cloned()
    }

    /// The logs of a container, the newest last; two at most.
    pub(in crate::node) fn logs(&self, container: &str) -> Vec<Log> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).get(container).cloned().unwrap_or_default()
    }

    /// Ends all commands that are run in the pod.
    pub(in crate::node) fn close(&self) {
        self.closed.cancel();
    }

    /// Whether the pod has ended.
    pub(in crate::node) fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    /// Waits until the pod ends.
    pub(in crate::node) async fn closed(&self) {
        self.closed.cancelled().await;
    }

    /// Says that a container runs.
    pub(super) fn runs(&self, container: &str, surroundings: Surroundings) {
        self.running().insert(container.to_owned(), surroundings);
    }

    /// Says that a container has ended.
    pub(super) fn ended(&self, container: &str) {
        self.running().remove(container);
    }

    /// Adds the log of a container's next incarnation. The one before the last is forgotten.
    pub(super) fn add_log(&self, container: &str, log: Log) {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let own = logs.entry(container.to_owned()).or_default();
        own.push(log);
        if own.len() > 2 {
            remove(&own.remove(0));
        }
    }

    /// Removes the logs of all containers, when the last has ended.
    pub(in crate::node) fn remove_logs(&self) {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).values().flatten().for_each(remove);
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<String, Surroundings>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A log that cannot be removed goes with the folder of the cluster.
fn remove(log: &Log) {
    drop(std::fs::remove_file(log.path()));
}
