//! A pod from its network to its end.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::News;
use super::event::warn;
use super::files::furnish;
use super::state::State;
use super::status::{Facts, addresses, status};
use super::sweep::sweep;
use crate::node::container::{Container, Place, Report, Tools, What};
use crate::node::network::{Node, Sandbox};
use crate::store::object::{items, now, text, uid};
use crate::store::{Key, Part, Refusal, Removal, WriteOptions};
use crate::trouble::chain;

/// How long a kubelet waits before it tries again to make a pod's network.
const AGAIN: Duration = Duration::from_secs(10);

/// A pod of a node of ours.
pub(in crate::node) struct Pod {
    /// Its key.
    pub(in crate::node) key: Key,
    /// Its node.
    pub(in crate::node) node: Arc<Node>,
    /// What all pods share.
    pub(in crate::node) tools: Arc<Tools>,
    /// What becomes of it in the store.
    pub(in crate::node) news: watch::Receiver<News>,
    /// Where its place is put once it has one.
    pub(in crate::node) place: Arc<OnceLock<Arc<Place>>>,
}

impl Pod {
    /// Runs the pod until it is gone. When this is dropped, its processes are killed.
    pub(in crate::node) async fn run(mut self) {
        let since = now();
        let pod = Arc::clone(&self.news.borrow().pod);
        if let Some(place) = self.settle_in(&pod).await {
            drop(self.place.set(Arc::clone(&place)));
            let running = Running::new(&place, &pod, since);
            running.run(&mut self.news).await;
            // It does not panic; what is left then is for the next start of this program.
            drop(tokio::task::spawn_blocking(move || leave(&place)).await);
        }
        if !self.news.borrow().is_gone {
            let removal = Removal { uid: Some(uid(&pod).to_owned()), ..Removal::now() };
            // Somebody else may have removed it meanwhile.
            drop(self.tools.store.remove(&self.key, &removal));
        }
    }

    /// Makes the pod's network and files; `None` when the pod is to end first.
    async fn settle_in(&mut self, pod: &Arc<Value>) -> Option<Arc<Place>> {
        loop {
            let why = match self.try_settle_in(pod).await? {
                Ok(place) => return Some(Arc::new(place)),
                Err(why) => why,
            };
            warn(&self.tools.store, pod, "FailedCreatePodSandBox", &format!("Failed to create pod sandbox: {why}"));
            if timeout(AGAIN, ending(&mut self.news)).await.is_ok() {
                return None;
            }
        }
    }

    async fn try_settle_in(&mut self, pod: &Arc<Value>) -> Option<Result<Place, String>> {
        let is_host = pod.pointer("/spec/hostNetwork") == Some(&Value::Bool(true));
        let number = if is_host {
            None
        } else {
            if self.news.borrow().end().is_some() {
                return None;
            }
            Some(match self.node.try_take() {
                Some(number) => number,
                None => {
                    let ranges: Vec<String> = self.node.pod_ranges().iter().map(ToString::to_string).collect();
                    let why = format!("no IP addresses available in {}", ranges.join(", "));
                    warn(&self.tools.store, pod, "FailedCreatePodSandBox", &why);
                    tokio::select! {
                        number = self.node.take() => number,
                        () = ending(&mut self.news) => return None,
                    }
                }
            })
        };
        let (node, tools, pod, key) =
            (Arc::clone(&self.node), Arc::clone(&self.tools), Arc::clone(pod), self.key.clone());
        let made = tokio::task::spawn_blocking(move || {
            let sandbox = match number {
                Some(number) => Sandbox::join(&key.name, &node, number).map_err(|error| chain(&error))?,
                None => Sandbox::of_node(&node),
            };
            let mut known = (*pod).clone();
            let facts = Facts { addresses: sandbox.addresses(), host: &node.addresses(), since: "" };
            addresses(&mut known["status"], &facts);
            let place = Place::new(key, Arc::new(known), sandbox, &tools);
            furnish(&tools.settings, &pod, &place.sandbox, &place.folder).map_err(|error| chain(&error))?;
            Ok(place)
        });
        Some(made.await.unwrap_or_else(|error| Err(error.to_string())))
    }
}

/// Waits until the pod is to end.
async fn ending(news: &mut watch::Receiver<News>) {
    // Whoever tells the news is gone with the kubelet, which takes this along.
    drop(news.wait_for(|news| news.end().is_some()).await);
}

/// Clears up behind a pod whose containers have ended.
fn leave(place: &Place) {
    place.close();
    if place.sandbox.is_own() {
        sweep(place.sandbox.namespace());
    }
    place.sandbox.release();
    place.tools.proxies.gone(&place.uid);
    place.remove_logs();
    // What cannot be removed goes with the folder of the cluster.
    drop(std::fs::remove_dir_all(&place.folder));
}

/// A pod whose containers run, or will.
struct Running {
    place: Arc<Place>,
    since: String,
    states: Vec<State>,
    tasks: JoinSet<usize>,
    told: mpsc::UnboundedReceiver<Report>,
    reports: mpsc::UnboundedSender<Report>,
    /// Until when init containers, and the others, must have ended.
    ends: [watch::Sender<Option<Instant>>; 2],
}

impl Running {
    fn new(place: &Arc<Place>, pod: &Value, since: String) -> Self {
        let (reports, told) = mpsc::unbounded_channel();
        let ends = [watch::Sender::new(None), watch::Sender::new(None)];
        let states = State::all(pod);
        let mounts = states.iter().any(|state| {
            items(&state.spec, "/volumeMounts")
                .iter()
                .any(|mount| !text(mount, "/mountPath").starts_with("/var/run/secrets"))
        });
        if mounts {
            let words = "volumes are not mounted in this cluster: containers see the files of the machine";
            warn(&place.tools.store, pod, "Unsupported", words);
        }
        Self { place: Arc::clone(place), since, states, tasks: JoinSet::new(), told, reports, ends }
    }

    async fn run(mut self, news: &mut watch::Receiver<News>) {
        loop {
            if news.borrow_and_update().end().is_some() {
                return self.end(news).await;
            }
            self.advance();
            self.write();
            tokio::select! {
                Some(report) = self.told.recv() => self.learn(report),
                Some(ended) = self.tasks.join_next(), if !self.tasks.is_empty() => self.over(ended),
                changed = news.changed() => {
                    if changed.is_err() {
                        return;
                    }
                }
            }
            while let Ok(report) = self.told.try_recv() {
                self.learn(report);
            }
        }
    }

    /// Starts what is to be started next.
    fn advance(&mut self) {
        for number in 0..self.states.len() {
            let state = &mut self.states[number];
            if !state.is_launched {
                state.is_launched = true;
                let is_init = state.is_init;
                let container = Container {
                    place: Arc::clone(&self.place),
                    number,
                    spec: state.spec.clone(),
                    restart: state.restart,
                    reports: self.reports.clone(),
                    end: self.ends[usize::from(!is_init)].subscribe(),
                };
                self.tasks.spawn(async move {
                    container.run().await;
                    number
                });
            }
            let state = &self.states[number];
            if state.is_init && !state.is_initialized() {
                return;
            }
        }
        let has_own = self.states.iter().any(|state| !state.is_init);
        if has_own && self.states.iter().filter(|state| !state.is_init).all(|state| state.is_over) {
            // Sidecars end with the pod's own containers.
            self.ends[0].send_if_modified(|end| end.is_none().then(|| *end = Some(Instant::now())).is_some());
        }
    }

    fn learn(&mut self, report: Report) {
        let pod = self.place.pod();
        match &report.what {
            What::Unhealthy(why) => warn(&self.place.tools.store, &pod, "Unhealthy", why),
            What::Waiting("CrashLoopBackOff", words) => warn(&self.place.tools.store, &pod, "BackOff", words),
            What::Waiting(_, words) => warn(&self.place.tools.store, &pod, "Failed", words),
            _ => {}
        }
        if let Some(state) = self.states.get_mut(report.number) {
            state.learn(report.what);
        }
    }

    fn over(&mut self, ended: Result<usize, tokio::task::JoinError>) {
        if let Some(state) = ended.ok().and_then(|number| self.states.get_mut(number)) {
            state.is_over = true;
        }
    }

    /// Writes the pod's status, if it is another one than before.
    fn write(&self) {
        let facts = Facts {
            addresses: self.place.sandbox.addresses(),
            host: &self.place.sandbox.node().addresses(),
            since: &self.since,
        };
        let written = self.place.tools.store.modify(&self.place.key, Part::Status, &WriteOptions::default(), |pod| {
            if uid(pod) != self.place.uid {
                let (resource, name) = (self.place.key.resource.clone(), self.place.key.name.clone());
                return Err(Refusal::NotFound { resource, name });
            }
            let mut pod = pod.clone();
            pod["status"] = status(&pod, &facts, &self.states);
            Ok(pod)
        });
        // A pod that is gone is told by its news.
        if let Ok(pod) = written {
            self.place.update(pod);
        }
    }

    /// Ends the pod's own containers, then its sidecars.
    async fn end(mut self, news: &mut watch::Receiver<News>) {
        for is_init in [false, true] {
            loop {
                let deadline = news.borrow_and_update().end();
                self.ends[usize::from(!is_init)].send_if_modified(|end| shorten(end, deadline));
                let is_left = |state: &State| state.is_init == is_init && state.is_launched && !state.is_over;
                if !self.states.iter().any(is_left) {
                    break;
                }
                tokio::select! {
                    Some(ended) = self.tasks.join_next() => self.over(ended),
                    Ok(()) = news.changed() => {}
                    else => return,
                }
            }
        }
    }
}

/// Brings an end forward; tells whether it did.
fn shorten(end: &mut Option<Instant>, deadline: Option<Instant>) -> bool {
    let Some(deadline) = deadline else { return false };
    let is_sooner = end.is_none_or(|end| deadline < end);
    if is_sooner {
        *end = Some(deadline);
    }
    is_sooner
}
