//! Starting the nodes.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use dualproof_model::family::IpFamily;
use dualproof_netns::Namespace;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::register::{names, register};
use super::watch::Pods;
use crate::node::container::Tools;
use crate::node::image::install;
use crate::node::network::{Fabric, Follower, Names, Node};
use crate::node::{Images, KubeletSettings, NodeError, Proxies};
use crate::store::Store;

/// Where programs are found on a machine whose PATH is not set.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The kubelets of all nodes of a cluster. Clones are the same kubelets. It is the API's [`crate::api::Runtime`].
#[derive(Clone)]
pub struct Kubelet {
    pub(super) pods: Arc<Pods>,
    running: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Kubelet {
    /// Makes the nodes with their network, service proxy and DNS, registers them, and runs their pods until `stop` is cancelled. Inside
    /// [`dualproof_netns::confine::confine`] and a tokio runtime of several threads, after [`crate::controller::Controllers::new`] has made the
    /// namespaces of the system.
    ///
    /// `proxies` is the mesh; [`crate::node::NoProxies`] without one.
    ///
    /// # Errors
    /// [`NodeError`], with everything undone.
    pub async fn start(
        store: &Store,
        settings: KubeletSettings,
        images: Images,
        proxies: Arc<dyn Proxies>,
        stop: CancellationToken,
    ) -> Result<Self, NodeError> {
        check(&settings.families)?;
        // Before the first pod can be missed.
        let changes = store.follow();
        let names = names(&settings.cluster, settings.nodes);
        let (folder, logs, families) = (settings.programs(), settings.logs.clone(), settings.families.clone());
        let made = tokio::task::spawn_blocking(move || {
            install(&folder)?;
            fs::create_dir_all(&logs).map_err(|source| NodeError::File { path: logs, source })?;
            Fabric::new(&names, &families).map_err(NodeError::from)
        });
        let fabric = made.await.map_err(|error| NodeError::Settings { what: error.to_string() })??;
        let dns = settings.dns.clone();
        let answers = if dns.is_empty() { None } else { Some(Names::start(store, fabric.nodes(), &dns)?) };
        let follower = Follower::new(store, fabric.nodes(), &dns, answers);
        let is_single = fabric.nodes().len() == 1;
        for (position, node) in fabric.nodes().iter().enumerate() {
            let is_control_plane = position == 0;
            register(store, node, is_control_plane, is_control_plane && !is_single)?;
        }
        let search =
            std::env::var_os("PATH").and_then(|path| path.into_string().ok()).unwrap_or_else(|| PATH.to_owned());
        let tools = Tools { store: store.clone(), settings, images, proxies, search };
        let pods = Arc::new(Pods::new(fabric, tools));
        let running = {
            let pods = Arc::clone(&pods);
            tokio::spawn(async move {
                tokio::select! {
                    () = pods.follow(changes, stop) => {}
                    () = follower.run() => {}
                }
            })
        };
        Ok(Self { pods, running: Arc::new(Mutex::new(Some(running))) })
    }

    /// Waits until all pods have ended, after the token was cancelled. The second one who asks does not wait.
    pub async fn ended(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(running) = running {
            // It does not panic, and nobody aborts it.
            drop(running.await);
        }
    }

    /// The nodes, the control plane first.
    #[must_use]
    pub fn nodes(&self) -> &[Arc<Node>] {
        self.pods.fabric().nodes()
    }

    /// The namespace of a pod, by its uid; `None` where it has none yet, or any more.
    #[must_use]
    pub fn namespace(&self, uid: &str) -> Option<Arc<Namespace>> {
        self.pods.place(uid).map(|place| Arc::clone(place.sandbox.namespace()))
    }

    /// The folder of a pod, by its uid; as [`Self::namespace`].
    #[must_use]
    pub fn folder(&self, uid: &str) -> Option<PathBuf> {
        self.pods.place(uid).map(|place| place.folder.clone())
    }
}

fn check(families: &[IpFamily]) -> Result<(), NodeError> {
    let what = match families {
        [] => "a cluster needs a family",
        [_] => return Ok(()),
        [one, other] if one != other => return Ok(()),
        _ => "a cluster has each family once at most",
    };
    Err(NodeError::Settings { what: what.to_owned() })
}
