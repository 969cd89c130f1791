//! What is known of the containers of a pod.

use serde_json::Value;

use crate::node::container::{Exit, Restart, What};
use crate::store::object::{items, text};

/// What a container does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// It waits; with a reason and words.
    Waiting(&'static str, String),
    /// It runs, since then.
    Running(String),
    /// It has ended.
    Ended(Exit),
}

/// What is known of a container.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// Its spec.
    pub(super) spec: Value,
    /// Whether it is an init container.
    pub(super) is_init: bool,
    /// Whether it is an init container that goes on running.
    pub(super) is_sidecar: bool,
    /// When it is started again.
    pub(super) restart: Restart,
    /// What it does.
    pub(super) doing: Doing,
    /// How it ended before.
    pub(super) last: Option<Exit>,
    /// How many times it was started again.
    pub(super) restarts: u32,
    /// Whether it has started.
    pub(super) is_started: bool,
    /// Whether it is ready.
    pub(super) is_ready: bool,
    /// Whether it was given to be run.
    pub(super) is_launched: bool,
    /// Whether it has ended for good.
    pub(super) is_over: bool,
}

impl State {
    /// Lists the containers of a pod, init containers first.
    pub(super) fn all(pod: &Value) -> Vec<Self> {
        let policy = match text(pod, "/spec/restartPolicy") {
            "Never" => Restart::Never,
            "OnFailure" => Restart::OnFailure,
            _ => Restart::Always,
        };
        let init = items(pod, "/spec/initContainers").iter().map(|spec| Self::new(spec, true, policy));
        init.chain(items(pod, "/spec/containers").iter().map(|spec| Self::new(spec, false, policy))).collect()
    }

    fn new(spec: &Value, is_init: bool, policy: Restart) -> Self {
        let is_sidecar = is_init && text(spec, "/restartPolicy") == "Always";
        let restart = match (is_init, is_sidecar, policy) {
            (true, true, _) => Restart::Always,
            (true, false, Restart::Always) => Restart::OnFailure,
            _ => policy,
        };
        let reason = if is_init { "PodInitializing" } else { "ContainerCreating" };
        Self {
            spec: spec.clone(),
            is_init,
            is_sidecar,
            restart,
            doing: Doing::Waiting(reason, String::new()),
            last: None,
            restarts: 0,
            is_started: false,
            is_ready: false,
            is_launched: false,
            is_over: false,
        }
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        text(&self.spec, "/name")
    }

    /// Learns what happened.
    pub(super) fn learn(&mut self, what: What) {
        match what {
            What::Waiting(reason, words) => self.change(Doing::Waiting(reason, words)),
            What::Running(since) => {
                if matches!(self.doing, Doing::Ended(_)) || self.last.is_some() {
                    self.restarts += 1;
                }
                self.change(Doing::Running(since));
            }
            What::Started => self.is_started = true,
            What::Ready(is_ready) => self.is_ready = is_ready,
            What::Unhealthy(_) => {}
            What::Ended(exit) => {
                if matches!(self.doing, Doing::Waiting(..)) && self.last.is_some() {
                    // It was started again, and did not come to run.
                    self.restarts += 1;
                }
                self.change(Doing::Ended(exit));
                self.is_started = false;
                self.is_ready = false;
            }
        }
    }

    /// Whether it has done what an init container is for: it has ended well, or it runs on and has started.
    pub(super) fn is_initialized(&self) -> bool {
        match &self.doing {
            Doing::Ended(exit) => !self.is_sidecar && exit.code == 0,
            Doing::Running(_) => self.is_sidecar && self.is_started,
            Doing::Waiting(..) => false,
        }
    }

    /// Whether it counts as ready.
    pub(super) fn counts_as_ready(&self) -> bool {
        if self.is_init && !self.is_sidecar { self.is_initialized() } else { self.is_ready }
    }

    fn change(&mut self, doing: Doing) {
        if let Doing::Ended(exit) = std::mem::replace(&mut self.doing, doing) {
            self.last = Some(exit);
        }
    }
}
