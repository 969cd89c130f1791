//! The spine: a whole run on one screen.

use std::future::Future;
use std::path::Path;

use dualproof_driver::trouble::Trouble;
use dualproof_model::check::{self, Case, Judged};
use dualproof_model::evidence::{Failure, FailureKind};
use dualproof_model::plan::Timeouts;
use dualproof_model::report::Report;
use dualproof_model::verdict::{Holds, Layer};

use super::record::{Recorder, SessionError, judge_bundle};
use super::{CallOrder, Driver, Job, Prepared, Workload};
use crate::stage::Stage;

/// Runs a cell: every stage in order, then the bundle is read back and judged. What the run made is removed in every case.
///
/// # Errors
/// Only a bundle that cannot be written or read. Everything else that goes wrong is in the report.
pub async fn run(job: &Job<'_>, driver: &dyn Driver, bundle: &Path) -> Result<Report, SessionError> {
    let record = Recorder::begin(bundle, job)?;
    let failure = stages(job, driver, &record).await.err();
    if let Some(failure) = &failure {
        job.console.failed(failure);
        driver.diagnose(failure, record.bundle()).await;
    }
    record.end(failure)?;
    record.remains(close(job, driver, &record).await?)?;
    Ok(judge_bundle(bundle, &job.book.rules)?)
}

async fn stages(job: &Job<'_>, driver: &dyn Driver, record: &Recorder) -> Result<(), Failure> {
    let run = Steps { job, driver, record };
    let prepared = run.step(Stage::Prepare, driver.prepare()).await?;
    run.inputs(&prepared)?;
    run.step(Stage::Cluster, driver.cluster()).await?;
    let notes = run.step(Stage::Images, driver.images(&run.images(&prepared))).await?;
    notes.iter().for_each(|note| job.console.note(note));
    run.step(Stage::Baseline, driver.baseline(record.bundle())).await?;
    run.environment_is_dual()?;
    run.step(Stage::Mesh, driver.mesh()).await?;
    run.step(Stage::Workloads, driver.workloads(&workloads(job))).await?;
    run.step(Stage::Converge, driver.converge()).await?;
    run.step(Stage::Calls, driver.calls(&calls(job), record.bundle())).await?;
    let versions = run.step(Stage::Collect, driver.collect(record.bundle())).await?;
    record.versions(versions);
    Ok(())
}

async fn close(job: &Job<'_>, driver: &dyn Driver, record: &Recorder) -> Result<Option<Failure>, SessionError> {
    let start = record.millis();
    job.console.begin(Stage::Close);
    let closed = driver.close(job.settings.keep || job.settings.reuse).await;
    let result = closed.as_ref().map_or_else(|trouble| trouble.what.clone(), |_| "ok".to_owned());
    record.stage(Stage::Close, start, &result, driver.waits())?;
    job.console.end(Stage::Close, record.millis() - start, closed.is_ok());
    if let Ok(Some(note)) = &closed {
        job.console.note(note);
    }
    Ok(closed.err().map(|trouble| failure(job, Stage::Close, trouble)))
}

/// What every step of one run shares.
struct Steps<'a> {
    job: &'a Job<'a>,
    driver: &'a dyn Driver,
    record: &'a Recorder,
}

impl Steps<'_> {
    /// Runs one stage. The user's wish to stop wins over what the stage says; the stage itself gets the time to remove what
    /// it has half made, because nobody else knows of it.
    async fn step<T>(&self, stage: Stage, work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Failure> {
        let start = self.record.millis();
        self.job.console.begin(stage);
        let mut work = std::pin::pin!(work);
        let outcome = tokio::select! {
            biased;
            () = self.job.cancel.cancelled() => {
                let grace = Timeouts::of(self.job.settings.timeouts.cleanup);
                drop(tokio::time::timeout(grace, work).await);
                Err(interrupted(stage))
            }
            outcome = &mut work => outcome.map_err(|trouble| failure(self.job, stage, trouble)),
        };
        let outcome = if self.job.cancel.is_cancelled() { Err(interrupted(stage)) } else { outcome };
        let result = outcome.as_ref().err().map_or_else(|| "ok".to_owned(), |failure| failure.what.clone());
        self.job.console.end(stage, self.record.millis() - start, outcome.is_ok());
        self.record.stage(stage, start, &result, self.driver.waits()).map_err(|error| lost(stage, &error))?;
        outcome
    }

    fn inputs(&self, prepared: &Prepared) -> Result<(), Failure> {
        for (name, text) in &prepared.inputs {
            let added = self.record.bundle().add(&dualproof_dump::bundle::layout::input(name), text);
            added.map_err(|error| lost(Stage::Prepare, &error.into()))?;
        }
        let tools = prepared.tools.clone();
        self.record.versions(dualproof_model::evidence::Versions { tools, ..Default::default() });
        Ok(())
    }

    fn images(&self, prepared: &Prepared) -> Vec<String> {
        let manifests =
            workloads(self.job).into_iter().flat_map(|workload| dualproof_driver::workload::images(&workload.manifest));
        let mut images: Vec<String> = prepared.images.iter().cloned().chain(manifests).collect();
        images.sort();
        images.dedup();
        images
    }

    /// Judges the cluster before anything of the mesh is made: a cluster that is not dual is nobody's mesh failure.
    fn environment_is_dual(&self) -> Result<(), Failure> {
        let read = dualproof_dump::bundle::read(self.record.bundle().dir())
            .map_err(|error| lost(Stage::Baseline, &error.into()))?;
        let scenarios = &self.job.book.rules.scenarios;
        let Some(scenario) = scenarios.iter().find(|scenario| scenario.subject.is_none()) else { return Ok(()) };
        for check in check::all().iter().filter(|check| check.layer == Layer::Environment) {
            let Judged::Findings(findings) = (check.judge)(&Case { evidence: &read.evidence, scenario, shapes: None })
            else {
                continue;
            };
            if let Some(broken) = findings.iter().find(|finding| finding.holds == Holds::No) {
                let what = format!("{}: expected {}, seen {}", broken.subject, broken.expected, broken.seen);
                return Err(Failure {
                    stage: Stage::Baseline.to_string(),
                    kind: FailureKind::InvalidEnvironment,
                    what,
                    hint: check.cure.to_owned(),
                });
            }
        }
        Ok(())
    }
}

fn workloads(job: &Job<'_>) -> Vec<Workload> {
    let texts = &job.book.texts;
    let planned = job.plan.workloads.iter();
    planned
        .map(|workload| Workload {
            namespace: workload.namespace.clone(),
            name: workload.manifest.clone(),
            manifest: texts.get(&workload.manifest).cloned().unwrap_or_default(),
        })
        .collect()
}

fn calls(job: &Job<'_>) -> Vec<CallOrder> {
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

fn failure(job: &Job<'_>, stage: Stage, trouble: Trouble) -> Failure {
    let what = trouble.what.replace(&job.folder.display().to_string(), "<the run's folder>");
    Failure { stage: stage.to_string(), kind: trouble.kind, what, hint: trouble.hint }
}

fn interrupted(stage: Stage) -> Failure {
    let (what, hint) = ("the run was stopped".to_owned(), String::new());
    Failure { stage: stage.to_string(), kind: FailureKind::Interrupted, what, hint }
}

fn lost(stage: Stage, error: &SessionError) -> Failure {
    let hint = "check the output folder: space, permissions".to_owned();
    Failure { stage: stage.to_string(), kind: FailureKind::Inconclusive, what: error.to_string(), hint }
}
