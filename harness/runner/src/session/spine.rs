//! The spine: a whole run on one screen.

use std::path::Path;

use dualproof_model::evidence::Failure;
use dualproof_model::report::Report;

use super::job::{calls, images, matrices, workloads};
use super::record::{Recorder, SessionError, judge_bundle};
use super::repeat::repeat;
use super::steps::{Steps, failure};
use super::{Driver, Job};
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
    let whole = failure.is_none();
    let recorded = match record.end(failure) {
        Ok(()) if whole => repeat(job, driver, &record).await,
        recorded => recorded,
    };
    // Whatever could be written: what was made is removed first.
    let remains = close(job, driver, &record).await;
    job.console.note(&record.critical_path());
    recorded?;
    record.remains(remains?)?;
    Ok(judge_bundle(bundle, &job.book.rules)?)
}

async fn stages(job: &Job<'_>, driver: &dyn Driver, record: &Recorder) -> Result<(), Failure> {
    let run = Steps { job, driver, record };
    let prepared = run.step(Stage::Prepare, driver.prepare()).await?;
    prepared.warnings.iter().for_each(|warning| job.console.note(warning));
    run.inputs(&prepared)?;
    run.step(Stage::Cluster, driver.cluster()).await?;
    let notes = run.step(Stage::Images, driver.images(&images(job, &prepared))).await?;
    notes.iter().for_each(|note| job.console.note(note));
    run.prove_and_install().await?;
    run.step(Stage::Workloads, driver.workloads(&workloads(job))).await?;
    run.step(Stage::Converge, driver.converge()).await?;
    run.step(Stage::Calls, driver.calls(&calls(job), &matrices(job), record.bundle())).await?;
    let versions = run.step(Stage::Collect, driver.collect(record.bundle())).await?;
    record.versions(versions);
    Ok(())
}

async fn close(job: &Job<'_>, driver: &dyn Driver, record: &Recorder) -> Result<Option<Failure>, SessionError> {
    let start = record.millis();
    job.console.begin(Stage::Close);
    let closed = driver.close(job.settings.keep || job.settings.reuse).await;
    let result = closed.as_ref().map_or_else(|trouble| trouble.what.clone(), |_| "ok".to_owned());
    record.stage(Stage::Close, start, &result, driver.waits(Stage::Close))?;
    job.console.end(Stage::Close, record.millis() - start, closed.is_ok());
    if let Ok(Some(note)) = &closed {
        job.console.note(note);
    }
    Ok(closed.err().map(|trouble| failure(job, Stage::Close, trouble)))
}
