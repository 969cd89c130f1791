//! The live driver, and what its stages hand on to each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dualproof_driver::cluster::{Cluster, Provider, ToolVersions};
use dualproof_driver::context::{RunContext, WaitLog};
use dualproof_driver::doctor::Subject;
use dualproof_driver::image::AgentImage;
use dualproof_driver::mesh::{self, Counters, Installed, Mesh};
use dualproof_driver::trouble::Trouble;
use dualproof_driver::workload::Deployed;
use dualproof_model::evidence::{FailureKind, Testimony};
use dualproof_model::family::FamilyOrder;
use dualproof_model::plan::ProviderKind;
use dualproof_model::truth::Baseline;
use tokio_util::sync::CancellationToken;

use super::before::{self, Foretold};
use super::context::run_context;
use super::relay::Place;
use crate::lease::{Beacon, RunFolder};
use crate::settings::Settings;
use crate::stage::Stage;

/// Drives real tools and a real cluster.
pub struct Live {
    pub(super) keep_as_is: bool,
    agent: Option<String>,
    pub(super) foretold: Foretold,
    pub(super) subject: Subject,
    pub(super) provider: Box<dyn Provider>,
    pub(super) provided: ProviderKind,
    pub(super) order: FamilyOrder,
    pub(super) mesh: Box<dyn Mesh>,
    pub(super) place: Place,
    state: Mutex<State>,
}

/// What the stages hand on to each other.
pub(super) struct State {
    pub(super) context: RunContext,
    pub(super) waits: BTreeMap<Stage, WaitLog>,
    agent: Option<Arc<AgentImage>>,
    pub(super) prepared: mesh::Prepared,
    pub(super) tools: ToolVersions,
    pub(super) cluster: Option<Cluster>,
    pub(super) installed: Installed,
    pub(super) deployed: Deployed,
    pub(super) testimonies: Vec<Testimony>,
    pub(super) failed: bool,
    pub(super) joined: Option<Beacon>,
    /// What the proxies had counted before the calls.
    pub(super) counters: Counters,
}

impl Live {
    /// Makes the driver of one cell at its place among those that use one cluster. Touches nothing.
    #[must_use]
    pub fn new(settings: &Settings, folder: &RunFolder, cancel: CancellationToken, place: Place) -> Self {
        let context = run_context(settings, folder, cancel);
        Self {
            keep_as_is: settings.reuse,
            agent: settings.agent_image.clone(),
            foretold: Foretold::new(settings, folder),
            subject: before::subject(settings, folder.id(), place.waiting().is_some()),
            provider: before::provider(settings, folder.id()),
            provided: settings.provider,
            order: settings.order,
            mesh: mesh::choose(settings.mesh, &before::mesh_settings(settings)),
            place,
            state: Mutex::new(State {
                context,
                waits: BTreeMap::new(),
                agent: None,
                prepared: mesh::Prepared::default(),
                tools: ToolVersions::default(),
                cluster: None,
                installed: Installed::Nothing,
                deployed: Deployed::default(),
                testimonies: Vec::new(),
                failed: false,
                joined: None,
                counters: Counters::new(),
            }),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the run as a stage sees it: each stage has a record of its waits, for two of them may go on at once.
    pub(super) fn context(&self, stage: Stage) -> RunContext {
        let waits = self.state().waits.entry(stage).or_default().clone();
        RunContext { waits, ..self.state().context.clone() }
    }

    /// Returns the agent's image, assembled once for all stages.
    pub(super) fn agent(&self) -> Result<Arc<AgentImage>, Trouble> {
        let mut state = self.state();
        let image = match state.agent.take() {
            Some(image) => image,
            None => Arc::new(AgentImage::choose(self.agent.as_deref())?),
        };
        Ok(Arc::clone(state.agent.insert(image)))
    }

    pub(super) fn prepared(&self) -> mesh::Prepared {
        self.state().prepared.clone()
    }

    pub(super) fn cluster_made(&self) -> Result<Cluster, Trouble> {
        self.state().cluster.clone().ok_or_else(|| Trouble {
            kind: FailureKind::Inconclusive,
            what: "there is no cluster yet".to_owned(),
            hint: String::new(),
        })
    }

    /// Lists every namespace whose objects are evidence.
    pub(super) fn namespaces(&self) -> Vec<String> {
        let deployed = self.state().deployed.namespaces.clone();
        let fixed = [Baseline::NAMESPACE].into_iter().chain(self.mesh.namespaces().iter().copied());
        let all: BTreeSet<String> = deployed.into_iter().chain(fixed.map(str::to_owned)).collect();
        all.into_iter().collect()
    }
}
