//! The control plane of a cluster.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dualproof_model::family::parse_ip;
use dualproof_model::spec::VersionProfile;
use dualproof_netns::Namespace;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::debug::{self, Desk};
use super::push::{Alteration, Fleet};
use super::{agent, images, redirect};
use crate::api::Runtime;
use crate::authority::Authority;
use crate::envoy::{Envoy, Launch, Sidecar};
use crate::node::container::Log;
use crate::node::{Builtin, Images, Program, Proxies, Redirection};
use crate::store::Store;
use crate::store::object::{items, text};

/// How long changes are gathered before they are sent. istiod takes a hundred milliseconds (istio/istio:pilot/pkg/features/tuning.go
/// `PILOT_DEBOUNCE_AFTER`); a pod that starts changes a handful of objects within a few.
const GATHERING: Duration = Duration::from_millis(10);

/// The control plane of a cluster: the sidecars' configuration, certificates and sync state. It is there from the cluster's beginning, and
/// does nothing before the mesh is installed.
pub struct ControlPlane {
    store: Store,
    envoy: Envoy,
    desk: Arc<Desk>,
    log: Mutex<Option<Log>>,
}

impl ControlPlane {
    /// Makes the control plane of a store. `profiles` are the versions that it knows the shapes of; `envoy` is what sidecars run;
    /// `authority` signs their certificates.
    #[must_use]
    pub fn new(store: &Store, profiles: Vec<VersionProfile>, authority: Authority, envoy: Envoy) -> Self {
        let desk = Arc::new(Desk::new(Fleet::new(store, profiles, authority)));
        Self { store: store.clone(), envoy, desk, log: Mutex::new(None) }
    }

    /// Tells it how sidecars are reached, which only the sync state needs. Held weakly: what runs pods may hold the control plane.
    pub fn reach(&self, runtime: &Arc<dyn Runtime>) {
        self.desk.reach(Arc::downgrade(runtime));
    }

    /// Follows the store and sends every sidecar what it should have, until `stop` is cancelled. Changes that come together are sent together.
    pub async fn run(&self, stop: CancellationToken) {
        let mut news = self.store.follow();
        // What came before this.
        self.push();
        loop {
            let first = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                first = news.recv() => first,
            };
            if first.is_none() {
                return;
            }
            #[expect(clippy::disallowed_methods, reason = "there is no sign that the last of some changes has come")]
            let gathered = sleep(GATHERING);
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = gathered => {}
            }
            while news.try_recv().is_ok() {}
            self.push();
        }
    }

    /// Changes what every sidecar is sent, from now on, and sends it; `None` undoes it.
    pub fn alter(&self, alteration: Option<Arc<Alteration>>) {
        self.desk.fleet().alter(alteration);
    }

    /// Adds the images of the mesh to those that the nodes know: `proxyv2`, which is the sidecar and its redirect, and `istiod`.
    #[must_use]
    pub fn images(self: &Arc<Self>, images: Images) -> Images {
        let own: Arc<dyn Builtin> = self.clone();
        images.with(images::PROXY, Program::Proxy).with(images::CONTROL_PLANE, Program::Builtin(own))
    }

    /// Serves istiod's pages in the network of its pod, until what is returned is dropped. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When a port is taken, or the pod has no address in its `status`.
    pub fn serve(&self, namespace: &Namespace, pod: &Value) -> io::Result<impl Future<Output = ()> + Send + use<>> {
        debug::serve(&self.desk, debug::listen(namespace, &addresses(pod))?)
    }

    fn push(&self) {
        let said = {
            let mut fleet = self.desk.fleet();
            fleet.push();
            fleet.take_said()
        };
        self.say(&said);
    }

    /// Says lines in the log of the control plane that was started last.
    fn say(&self, lines: &[String]) {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(log) = log.as_ref() {
            lines.iter().for_each(|line| log.say(line));
        }
    }
}

impl Proxies for ControlPlane {
    /// The folder's files follow the store from then on, while [`ControlPlane::run`] runs.
    fn launch(&self, pod: &Value, folder: &Path) -> Result<Launch, String> {
        let start = self.desk.fleet().start(pod, folder)?;
        Ok(Sidecar::new(start.bootstrap, start.family).launch(&self.envoy))
    }

    fn redirect(&self, pod: &Value, container: &Value) -> Result<Redirection, String> {
        let made = redirect::redirection(container, &addresses(pod));
        let (redirect, preamble) = made.map_err(|error| format!("{error}; {}", error.hint()))?;
        Ok(Redirection { redirect, preamble })
    }

    fn accompany(&self, namespace: &Arc<Namespace>, pod: &Value) -> io::Result<Option<JoinHandle<()>>> {
        Ok(Some(tokio::spawn(agent::serve(namespace, &addresses(pod))?)))
    }

    fn gone(&self, uid: &str) {
        self.desk.fleet().gone(uid);
    }
}

impl Builtin for ControlPlane {
    /// Serves istiod's pages.
    fn start(&self, namespace: &Arc<Namespace>, pod: &Value, log: &Log) -> io::Result<JoinHandle<()>> {
        let served = self.serve(namespace, pod)?;
        let installed = self.desk.fleet().installation();
        log.say(&match installed {
            Ok((_, settings)) => format!("version {}: serving", settings.version),
            Err(why) => format!("not ready: {why}"),
        });
        *self.log.lock().unwrap_or_else(PoisonError::into_inner) = Some(log.clone());
        Ok(tokio::spawn(served))
    }
}

impl fmt::Debug for ControlPlane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ControlPlane").field("envoy", &self.envoy).finish_non_exhaustive()
    }
}

/// Reads a pod's addresses; none before it has any.
fn addresses(pod: &Value) -> Vec<IpAddr> {
    items(pod, "/status/podIPs").iter().filter_map(|entry| parse_ip(text(entry, "/ip")).ok()).collect()
}
