//! The state folder: who lives, who is dead, what cannot be told.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dualproof_driver::trouble::{Explained, chain};
use dualproof_driver::wait::{Progress, until};
use jiff::Timestamp;

use super::age;
use super::leftover::Scope;
use crate::lease::{Beacon, DRAFT_PREFIX, Journal, Lease, RunId, runs_in};

/// A folder that is being made is left alone for so long. Making it takes milliseconds.
const DRAFT_AGE: Duration = Duration::from_secs(60);

/// How long a lease is asked for that somebody seems to have: another sweep may only be looking.
const ASKING: Duration = Duration::from_secs(1);

/// A folder of a run.
#[derive(Debug)]
pub(super) enum RunDir {
    /// Its run lives, or another sweep is at it.
    Alive(RunId),
    /// Nobody holds its lease.
    Dead { run: RunId, path: PathBuf, journal: Journal, lease: Option<Lease> },
    /// What it holds cannot be read.
    Unclear { run: RunId, path: PathBuf, since: Option<Timestamp>, why: String },
    /// A run was killed while it made it.
    Draft { path: PathBuf, since: Option<Timestamp> },
}

/// Reads the state folder, sorted by name; with `scope.remove` every dead run's lease is taken. What has another name than a run's folder has is not ours.
///
/// # Errors
/// A folder that is there and cannot be read.
pub(super) async fn read(scope: &Scope) -> io::Result<Vec<RunDir>> {
    let runs = std::path::absolute(runs_in(&scope.state))?;
    let entries = match std::fs::read_dir(&runs) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut names: Vec<String> = Vec::new();
    for entry in entries {
        let entry = entry?;
        // A link is not followed: no run makes one.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            names.extend(entry.file_name().into_string());
        }
    }
    names.sort();
    let mut found = Vec::new();
    for name in names {
        let path = runs.join(&name);
        if let Ok(run) = name.parse::<RunId>() {
            found.extend(look(scope, run, path).await);
        } else if name.starts_with(DRAFT_PREFIX) {
            found.extend(draft(path));
        }
    }
    Ok(found)
}

/// Looks into a run's folder; nothing when it has gone meanwhile.
async fn look(scope: &Scope, run: RunId, path: PathBuf) -> Option<RunDir> {
    if Beacon::is_lit(&run) {
        return Some(RunDir::Alive(run));
    }
    let since = made(&path);
    let lease = match held(scope, &run, &path).await {
        Ok(Some(lease)) => lease,
        Ok(None) => return Some(RunDir::Alive(run)),
        Err(_) if !path.exists() => return None,
        Err(error) => {
            let why = format!("its lease cannot be read ({error}); if that run is over: rm -r {}", path.display());
            return Some(RunDir::Unclear { run, path, since, why });
        }
    };
    match Journal::read(&path) {
        Ok(journal) => Some(RunDir::Dead { run, path, journal, lease }),
        Err(_) if !path.exists() => None,
        Err(error) => {
            let why = format!("{}; {}", chain(&error), error.hint());
            Some(RunDir::Unclear { run, path, since, why })
        }
    }
}

/// Takes the lease, or only asks for it; the outer `None` when somebody has it.
async fn held(scope: &Scope, run: &RunId, path: &Path) -> io::Result<Option<Option<Lease>>> {
    if !scope.remove {
        return Ok((!Lease::is_held(path)?).then_some(None));
    }
    if let Some(lease) = Lease::take(path)? {
        return Ok(Some(Some(lease)));
    }
    let context = scope.context(run.as_str(), path.to_owned());
    let asked = until(&context, "the lease is free", ASKING, || async {
        match Lease::take(path) {
            Ok(Some(lease)) => Progress::Done(Ok(lease)),
            Ok(None) => Progress::NotYet("somebody has it".to_owned()),
            Err(error) => Progress::Done(Err(error)),
        }
    })
    .await;
    asked.map_or(Ok(None), |lease| lease.map(|lease| Some(Some(lease))))
}

fn draft(path: PathBuf) -> Option<RunDir> {
    let since = made(&path)?;
    let is_old = age::since(since) >= DRAFT_AGE;
    let is_held = Lease::is_held(&path).unwrap_or(false);
    (is_old && !is_held).then_some(RunDir::Draft { path, since: Some(since) })
}

fn made(path: &Path) -> Option<Timestamp> {
    Timestamp::try_from(path.symlink_metadata().ok()?.modified().ok()?).ok()
}
