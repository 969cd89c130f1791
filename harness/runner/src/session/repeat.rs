//! Reading the same cell again: a verdict that changes without a cause is flaky, and nobody should gate on it.

use std::path::PathBuf;

use dualproof_dump::DumpError;
use dualproof_model::evidence::{Failure, Repeat};
use dualproof_model::report::Report;

use super::job::{calls, matrices};
use super::record::{Recorder, SessionError, judge_bundle};
use super::steps::Steps;
use super::{Driver, Job};
use crate::output::Console;
use crate::stage::Stage;

/// Reads and judges the cell as often as the settings say, and records each reading's verdicts. The bundle of a reading that
/// agrees with the first is removed; one that does not stays beside it as `repeat-<n>`.
pub(super) async fn repeat(job: &Job<'_>, driver: &dyn Driver, record: &Recorder) -> Result<(), SessionError> {
    if job.settings.repeat < 2 {
        return Ok(());
    }
    let first = verdicts(&judge_bundle(record.bundle().dir(), &job.book.rules)?);
    let quiet = Console::quiet();
    for number in 2..=job.settings.repeat {
        if job.cancel.is_cancelled() {
            break;
        }
        let folder = folder(record, number);
        let job_again = Job { console: &quiet, ..*job };
        let again = Recorder::begin(&folder, &job_again)?;
        let failure = read(&job_again, driver, &again).await.err();
        again.end(failure)?;
        let seen = verdicts(&judge_bundle(&folder, &job.book.rules)?);
        if seen == first {
            std::fs::remove_dir_all(&folder).map_err(|source| DumpError::Io {
                place: format!("repeat-{number}"),
                doing: "remove",
                source,
            })?;
        } else {
            job.console.note(&format!("repeat {number}: another verdict; its bundle is kept as repeat-{number}"));
        }
        record.repeat(seen)?;
    }
    job.console.note(&format!("read {} times", record.readings()));
    Ok(())
}

async fn read(job: &Job<'_>, driver: &dyn Driver, record: &Recorder) -> Result<(), Failure> {
    let run = Steps { job, driver, record };
    run.step(Stage::Baseline, driver.baseline(record.bundle())).await?;
    run.step(Stage::Converge, driver.converge()).await?;
    run.step(Stage::Calls, driver.calls(&calls(job), &matrices(job), record.bundle())).await?;
    let versions = run.step(Stage::Collect, driver.collect(record.bundle())).await?;
    record.versions(versions);
    Ok(())
}

fn folder(record: &Recorder, number: u32) -> PathBuf {
    record.bundle().dir().with_file_name(format!("repeat-{number}"))
}

fn verdicts(report: &Report) -> Repeat {
    Repeat { verdicts: report.results.iter().map(|result| (result.name.clone(), result.verdict.to_string())).collect() }
}
