//! One step of a run: told, timed, recorded, and stopped when the user says so.

use std::future::Future;

use dualproof_driver::trouble::Trouble;
use dualproof_model::check::{self, Case, Judged};
use dualproof_model::evidence::{Failure, FailureKind};
use dualproof_model::plan::Timeouts;
use dualproof_model::verdict::{Holds, Layer};

use super::record::{Recorder, SessionError};
use super::{Driver, Job, Prepared};
use crate::stage::Stage;

/// What every step of one run shares.
pub(super) struct Steps<'a> {
    pub(super) job: &'a Job<'a>,
    pub(super) driver: &'a dyn Driver,
    pub(super) record: &'a Recorder,
}

impl Steps<'_> {
    /// Runs one stage. The user's wish to stop wins over what the stage says; the stage itself gets the time to remove what
    /// it has half made, because nobody else knows of it.
    pub(super) async fn step<T>(
        &self,
        stage: Stage,
        work: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Failure> {
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
        let outcome = match self.record.clock_jump() {
            _ if self.job.cancel.is_cancelled() => Err(interrupted(stage)),
            Some(seconds) => Err(jumped(stage, seconds, outcome.err())),
            None => outcome,
        };
        let result = outcome.as_ref().err().map_or_else(|| "ok".to_owned(), |failure| failure.what.clone());
        self.job.console.end(stage, self.record.millis() - start, outcome.is_ok());
        let recorded = self.record.stage(stage, start, &result, self.driver.waits(stage));
        // The stage's own words come first: a record that cannot be written is often their consequence.
        outcome.and_then(|value| recorded.map(|()| value).map_err(|error| lost(stage, &error)))
    }

    /// Records a stage that was given up while it went on.
    pub(super) fn left(&self, stage: Stage, start: u64, why: &str) -> Result<(), Failure> {
        self.job.console.end(stage, self.record.millis() - start, false);
        self.record.stage(stage, start, why, self.driver.waits(stage)).map_err(|error| lost(stage, &error))
    }

    pub(super) fn inputs(&self, prepared: &Prepared) -> Result<(), Failure> {
        for (name, text) in &prepared.inputs {
            let added = self.record.bundle().add(&dualproof_dump::bundle::layout::input(name), text);
            added.map_err(|error| lost(Stage::Prepare, &error.into()))?;
        }
        self.record.cluster_from(prepared.cluster_from.clone());
        let tools = prepared.tools.clone();
        self.record.versions(dualproof_model::evidence::Versions { tools, ..Default::default() });
        Ok(())
    }

    /// Judges the cluster before anything is deployed into the mesh: a cluster that is not dual is nobody's mesh failure.
    pub(super) fn environment_is_dual(&self) -> Result<(), Failure> {
        let read = dualproof_dump::bundle::read(self.record.bundle().dir())
            .map_err(|error| lost(Stage::Baseline, &error.into()))?;
        let scenarios = &self.job.book.rules.scenarios;
        let Some(scenario) = scenarios.first() else { return Ok(()) };
        for check in check::all().iter().filter(|check| check.layer == Layer::Environment) {
            let Judged::Findings(findings) = (check.judge)(&Case::new(&read.evidence, scenario, None)) else {
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

/// Makes the failure of a stage, without the run's private path.
pub(super) fn failure(job: &Job<'_>, stage: Stage, trouble: Trouble) -> Failure {
    let what = trouble.what.replace(&job.folder.display().to_string(), "<the run's folder>");
    Failure { stage: stage.to_string(), kind: trouble.kind, what, hint: trouble.hint }
}

fn interrupted(stage: Stage) -> Failure {
    let (what, hint) = ("the run was stopped".to_owned(), String::new());
    Failure { stage: stage.to_string(), kind: FailureKind::Interrupted, what, hint }
}

/// A certificate is valid from its making on, and lines of logs are told apart by their time: nothing that was set is the mesh's fault.
fn jumped(stage: Stage, seconds: i64, then: Option<Failure>) -> Failure {
    let then = then.map(|failure| format!("; then: {}", failure.what)).unwrap_or_default();
    Failure {
        stage: stage.to_string(),
        kind: FailureKind::InvalidEnvironment,
        what: format!("the machine's clock was set by {seconds} s while the run went on{then}"),
        hint: "let the clock settle (`timedatectl status`), and run again".to_owned(),
    }
}

fn lost(stage: Stage, error: &SessionError) -> Failure {
    let hint = "check the output folder: space, permissions".to_owned();
    Failure { stage: stage.to_string(), kind: FailureKind::Inconclusive, what: error.to_string(), hint }
}
