//! `dualproof run`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use dualproof_driver::trouble::{Explained, Trouble, chain};
use dualproof_model::evidence::{Failure, FailureKind};
use dualproof_model::judge::refused;
use dualproof_model::plan::Cell;
use dualproof_model::report::{Report, text};
use tokio_util::sync::CancellationToken;

use super::bundles;
use super::prepare::{Readied, ready};
use crate::lease::RunFolder;
use crate::live::Live;
use crate::output::{Console, Exit, write_list, write_report};
use crate::session::{self, Job, tool, watch_signals};
use crate::settings::Partial;

/// Runs the cells, prints each report and writes its files; of several, one report of all as well.
pub(super) fn command(given: Box<Partial>, console: &Console) -> Exit {
    let out = given.out.clone().unwrap_or_else(|| "dualproof-out".into());
    let cells = match ready(*given) {
        Ok(cells) => cells,
        Err(error) => {
            let hint = "dualproof run --help lists every setting; dualproof explain lists every check";
            console.error(&error, hint);
            let report = refuse(Cell::default(), FailureKind::BadInput, &chain(&error), hint);
            return tell(&out, &report, console);
        }
    };
    if cells.iter().all(|readied| readied.plan.trials.is_empty()) {
        console.note("error: nothing to run: every trial is skipped\nhint: dualproof plan says why");
        return Exit::Vacuous;
    }
    let wanted: Vec<&Readied> = cells.iter().filter(|readied| !readied.plan.trials.is_empty()).collect();
    let (reports, mut exits): (Vec<_>, Vec<_>) = run_cells(&wanted, console).into_iter().unzip();
    // Each of several cells has a folder of its own in the one that was asked for, by whatever source of settings.
    if let [first, _, ..] = cells.as_slice() {
        let folders: Vec<_> =
            wanted.iter().map(|readied| (readied.settings.out.join("bundle"), &readied.book.rules)).collect();
        let (across, exit) = bundles::of_folders(&folders[..reports.len()], console);
        exits.push(exit);
        if let Err(error) = write_list(first.settings.out.parent().unwrap_or(&out), &reports, &[across]) {
            console.error(&error, "give --out a folder that can be written");
            return Exit::Inconclusive;
        }
    }
    Exit::worst(&exits)
}

/// Runs cells, as many at once as the settings say. After one was interrupted no other is begun. Returns reports and exits in
/// the order of the cells.
fn run_cells(cells: &[&Readied], console: &Console) -> Vec<(Report, Exit)> {
    let jobs = cells.first().map_or(1, |first| first.settings.jobs as usize).min(cells.len());
    let ended = Mutex::new(BTreeMap::new());
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        while !stopped.load(Ordering::SeqCst) {
            let number = next.fetch_add(1, Ordering::SeqCst);
            let Some(readied) = cells.get(number) else { return };
            let own = (jobs > 1).then(|| console.of_cell(&readied.plan.cell));
            let console = own.as_ref().unwrap_or(console);
            let report = run_cell(readied, console).unwrap_or_else(|refused| *refused);
            let exit = tell(&readied.settings.out, &report, console);
            stopped.fetch_or(exit == Exit::Interrupted, Ordering::SeqCst);
            ended.lock().unwrap_or_else(PoisonError::into_inner).insert(number, (report, exit));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..jobs {
            scope.spawn(work);
        }
        work();
    });
    ended.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}

/// Runs a cell from nothing to its report; signals stop it and clean.
///
/// # Errors
/// A report that says why there is none of the cell: the machine refuses a folder, a runtime or the bundle.
pub fn run_cell(readied: &Readied, console: &Console) -> Result<Report, Box<Report>> {
    let refused = |what: String, hint: &str| {
        Box::new(refuse(readied.plan.cell.clone(), FailureKind::InvalidEnvironment, &what, hint))
    };
    let folder = RunFolder::create(&readied.settings.state, readied.settings.keep).map_err(|error| {
        let hint = error.hint();
        refused(format!("cannot make the run's private folder: {}", Trouble::from(error).what), &hint)
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| refused(format!("cannot start the runtime: {error}"), ""))?;
    console.settings(&readied.plan.cell, readied.settings.texts(), folder.id());
    let report = runtime.block_on(async {
        let cancel = CancellationToken::new();
        watch_signals(cancel.clone()).map_err(|error| refused(format!("cannot watch for signals: {error}"), ""))?;
        let driver = Live::new(&readied.settings, &folder, cancel.clone());
        let job = Job {
            run: folder.id(),
            folder: folder.path(),
            plan: &readied.plan,
            book: &readied.book,
            settings: &readied.settings,
            cancel: &cancel,
            console,
        };
        session::run(&job, &driver, &readied.settings.out.join("bundle"))
            .await
            .map_err(|error| Box::new(refuse(readied.plan.cell.clone(), error.kind(), &chain(&error), &error.hint())))
    });
    // What stays, wanted or not, is named in the journal, and a cluster's kubeconfig lies beside it.
    let stays = readied.settings.keep || report.as_ref().map_or(true, |report| report.remains.is_some());
    if stays && !folder.journal().is_empty() {
        let (run, kept) = (folder.id(), if readied.settings.keep { " --kept" } else { "" });
        console.note(&format!("remove what stays with `dualproof sweep --run {run}{kept} --yes`"));
    } else if let Err(error) = folder.remove() {
        console.note(&format!("the run's private folder is left behind: {error}"));
    }
    report
}

fn refuse(cell: Cell, kind: FailureKind, what: &str, hint: &str) -> Report {
    let failure = Failure { stage: "prepare".to_owned(), kind, what: what.to_owned(), hint: hint.to_owned() };
    refused(cell, failure, tool(), jiff::Timestamp::now().to_string())
}

fn tell(out: &Path, report: &Report, console: &Console) -> Exit {
    console.data(&text(report));
    match write_report(out, report) {
        Ok(()) => {
            console.note(&format!("report: {}", out.join("report.yaml").display()));
            report.conclusion.into()
        }
        Err(error) => {
            console.error(&error, "give --out a folder that can be written");
            Exit::Inconclusive
        }
    }
}
