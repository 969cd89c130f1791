//! What the spine is given, and what it asks of the driver by it.

use std::path::Path;

use dualproof_model::plan::Plan;
use dualproof_model::spec::Matrix;
use tokio_util::sync::CancellationToken;

use super::{CallOrder, Prepared, Workload};
use crate::output::Console;
use crate::rules::RuleBook;
use crate::settings::Settings;

/// One cell to run.
pub struct Job<'a> {
    /// The run's id.
    pub run: &'a str,
    /// The run's private folder, whose path must not show in a report.
    pub folder: &'a Path,
    /// What to run.
    pub plan: &'a Plan,
    /// What to judge by.
    pub book: &'a RuleBook,
    /// How.
    pub settings: &'a Settings,
    /// Set when the user stops the run.
    pub cancel: &'a CancellationToken,
    /// Where progress is told.
    pub console: &'a Console,
}

/// Lists every image that the mesh and the workloads need, each once.
pub(super) fn images(job: &Job<'_>, prepared: &Prepared) -> Vec<String> {
    let manifests =
        workloads(job).into_iter().flat_map(|workload| dualproof_driver::workload::images(&workload.manifest));
    let mut images: Vec<String> = prepared.images.iter().cloned().chain(manifests).collect();
    images.sort();
    images.dedup();
    images
}

/// Lists the manifests to deploy.
pub(super) fn workloads(job: &Job<'_>) -> Vec<Workload> {
    let texts = &job.book.texts;
    let planned = job.plan.workloads.iter();
    planned
        .map(|workload| Workload {
            namespace: workload.namespace.clone(),
            name: workload.manifest.clone(),
            inject: workload.inject,
            is_client: workload.is_client,
            manifest: texts.get(&workload.manifest).cloned().unwrap_or_default(),
        })
        .collect()
}

/// Lists the calls of the scenarios that run.
pub(super) fn calls(job: &Job<'_>) -> Vec<CallOrder> {
    let runs = |name: &str| job.plan.trials.iter().any(|trial| trial.scenario == name);
    let scenarios = job.book.rules.scenarios.iter().filter(|scenario| runs(&scenario.name));
    scenarios
        .filter_map(|scenario| scenario.subject.as_ref().map(|subject| (scenario, subject)))
        .flat_map(|(scenario, subject)| {
            scenario.calls.iter().map(|call| CallOrder {
                scenario: scenario.name.clone(),
                subject: subject.clone(),
                call: call.clone(),
            })
        })
        .collect()
}

/// Lists the matrices of the scenarios that run.
pub(super) fn matrices(job: &Job<'_>) -> Vec<Matrix> {
    let runs = |name: &str| job.plan.trials.iter().any(|trial| trial.scenario == name);
    let scenarios = job.book.rules.scenarios.iter().filter(|scenario| runs(&scenario.name));
    scenarios.filter_map(|scenario| scenario.matrix.clone()).collect()
}
