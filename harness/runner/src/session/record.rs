//! The record of a run: manifest and timings, saved as it goes, so that whatever dies leaves a bundle that says so.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use dualproof_driver::trouble::chain;
use dualproof_driver::wait::Clocks;
use dualproof_dump::DumpError;
use dualproof_dump::bundle::{self, Writer};
use dualproof_model::evidence::{Failure, FailureKind, Manifest, Repeat, StageTiming, Timings, Tool, Versions, Wait};
use dualproof_model::judge::{Rules, judge};
use dualproof_model::report::Report;

use super::Job;
use crate::stage::Stage;

/// A run cannot be recorded: the bundle cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The bundle; with its cause, because a full disk and a missing right look the same without.
    #[error("{}", chain(.0))]
    Bundle(#[from] DumpError),
}

impl SessionError {
    /// Tells what it means for the run: a disk that is full, and a folder that changed its owner, lose evidence; a folder that
    /// is somebody else's is not for us.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Bundle(DumpError::NotOurs { .. } | DumpError::NoFolder { .. }) => FailureKind::InvalidEnvironment,
            Self::Bundle(_) => FailureKind::Inconclusive,
        }
    }

    /// Says what to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        let Self::Bundle(error) = self;
        error.hint()
    }
}

/// Records one run.
pub struct Recorder {
    bundle: Writer,
    begun: Instant,
    clocks: Clocks,
    state: Mutex<State>,
}

struct State {
    manifest: Manifest,
    timings: Timings,
    has_ended: bool,
}

/// Names this program.
#[must_use]
pub fn tool() -> Tool {
    Tool { name: "dualproof".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
}

/// Reads a bundle and judges it: the one way from evidence to a report, live or not.
///
/// # Errors
/// A bundle that cannot be read.
pub fn judge_bundle(dir: &Path, rules: &Rules) -> Result<Report, DumpError> {
    Ok(judge(&bundle::read(dir)?.evidence, rules, tool()))
}

impl Recorder {
    /// Opens the bundle and writes its first manifest, inputs included.
    ///
    /// # Errors
    /// A folder that is not ours or cannot be written.
    pub fn begin(dir: &Path, job: &Job<'_>) -> Result<Self, SessionError> {
        let bundle = Writer::create(dir)?;
        for (path, text) in &job.book.texts {
            bundle.add(&bundle::layout::input(path), text)?;
        }
        let manifest = Manifest {
            tool: tool(),
            run: job.run.to_owned(),
            started: jiff::Timestamp::now().to_string(),
            cell: job.plan.cell.clone(),
            settings: job.settings.texts().clone(),
            selected: job.plan.trials.iter().map(|trial| (trial.scenario.clone(), trial.check.clone())).collect(),
            skipped: job
                .plan
                .skips
                .iter()
                .map(|skip| (skip.trial.scenario.clone(), skip.trial.check.clone(), skip.reason.clone()))
                .collect(),
            failure: Some(Failure {
                stage: Stage::Prepare.to_string(),
                kind: FailureKind::Inconclusive,
                what: "the run did not end".to_owned(),
                hint: "it was killed: run it again".to_owned(),
            }),
            ..Manifest::default()
        };
        let state = Mutex::new(State { manifest, timings: Timings::default(), has_ended: false });
        let recorder = Self { bundle, begun: Instant::now(), clocks: Clocks::start(), state };
        recorder.save()?;
        Ok(recorder)
    }

    /// Returns the bundle.
    pub fn bundle(&self) -> &Writer {
        &self.bundle
    }

    /// Returns the milliseconds since the run began.
    pub fn millis(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Returns the seconds by which the machine's time of day was set since the run began; `None` when it only went on.
    pub fn clock_jump(&self) -> Option<i64> {
        self.clocks.jump()
    }

    /// Records the end of a stage, and saves.
    ///
    /// # Errors
    /// A bundle that cannot be written.
    pub fn stage(&self, stage: Stage, start: u64, result: &str, waits: Vec<Wait>) -> Result<(), SessionError> {
        let timing = StageTiming {
            stage: stage.to_string(),
            start_millis: start,
            end_millis: self.millis(),
            critical: false,
            result: result.to_owned(),
            waits,
        };
        {
            let mut state = self.state();
            state.timings.add(timing);
            let State { manifest, timings, has_ended } = &mut *state;
            // What stands here until the end is what a killed run says of itself.
            if let (false, Some(failure), Some(next)) = (*has_ended, &mut manifest.failure, unfinished(timings)) {
                failure.stage = next.to_string();
            }
        }
        self.save()
    }

    /// Says which stages the end waited for, and how long each took; those of less than a tenth of a second are left out.
    pub fn critical_path(&self) -> String {
        let timings = self.state().timings.clone();
        let critical = timings.stages.iter().filter(|stage| stage.critical);
        let told: Vec<String> = critical
            .map(|stage| (stage, stage.end_millis.saturating_sub(stage.start_millis)))
            .filter(|(_, millis)| *millis >= 100)
            .map(|(stage, millis)| format!("{} {}.{}", stage.stage, millis / 1000, millis % 1000 / 100))
            .collect();
        format!("critical path in seconds: {}", told.join(", "))
    }

    /// Records versions as the live system shows them; what it does not show stays as it was.
    pub fn versions(&self, seen: Versions) {
        let versions = &mut self.state().manifest.versions;
        versions.kubernetes = seen.kubernetes.or(versions.kubernetes.take());
        versions.control_plane = seen.control_plane.or(versions.control_plane.take());
        if !seen.proxies.is_empty() {
            versions.proxies = seen.proxies;
        }
        versions.tools.extend(seen.tools);
    }

    /// Records whose cluster the cell takes over.
    pub fn cluster_from(&self, cell: Option<String>) {
        self.state().manifest.cluster_from = cell;
    }

    /// Records how the stages ended, and saves: `None` when all ended well.
    ///
    /// # Errors
    /// A bundle that cannot be written.
    pub fn end(&self, failure: Option<Failure>) -> Result<(), SessionError> {
        {
            let mut state = self.state();
            state.manifest.failure = failure;
            state.has_ended = true;
        }
        self.save()
    }

    /// Records the verdicts of one more reading, and saves.
    ///
    /// # Errors
    /// A bundle that cannot be written.
    pub fn repeat(&self, repeat: Repeat) -> Result<(), SessionError> {
        self.state().manifest.repeats.push(repeat);
        self.save()
    }

    /// Counts the readings, the first one included.
    pub fn readings(&self) -> usize {
        1 + self.state().manifest.repeats.len()
    }

    /// Records what could not be removed, and saves.
    ///
    /// # Errors
    /// A bundle that cannot be written.
    pub fn remains(&self, remains: Option<Failure>) -> Result<(), SessionError> {
        self.state().manifest.remains = remains;
        self.save()
    }

    fn save(&self) -> Result<(), SessionError> {
        let (manifest, timings) = {
            let state = self.state();
            (state.manifest.clone(), state.timings.clone())
        };
        self.bundle.add_json(bundle::layout::TIMINGS, &timings)?;
        self.bundle.save(manifest)?;
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Names the first stage that has not ended well.
fn unfinished(timings: &Timings) -> Option<Stage> {
    let is_well =
        |stage: &Stage| timings.stages.iter().any(|ended| ended.stage == stage.as_str() && ended.result == "ok");
    Stage::ALL.into_iter().find(|stage| !is_well(stage))
}
