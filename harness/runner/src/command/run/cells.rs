//! Running cells: group by group, as many at once as wanted, each group on one cluster.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use dualproof_driver::trouble::{Explained, Trouble, chain};
use dualproof_model::evidence::FailureKind;
use dualproof_model::report::Report;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::group::groups;
use super::{refuse, tell};
use crate::command::Readied;
use crate::lease::RunFolder;
use crate::live::{Live, Place, Relay};
use crate::output::{Console, Exit};
use crate::session::{self, Job, watch_signals};

/// Runs cells, as many at once as the settings say. After one was interrupted no other is begun. Returns reports and exits in
/// the order of the cells.
pub(super) fn run_cells(cells: &[&Readied], console: &Console) -> Vec<(Report, Exit)> {
    let jobs = cells.first().map_or(1, |first| first.settings.jobs as usize).min(cells.len());
    let groups = groups(cells, jobs);
    let ended = Mutex::new(BTreeMap::new());
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        while !stopped.load(Ordering::SeqCst) {
            let Some(group) = groups.get(next.fetch_add(1, Ordering::SeqCst)) else { return };
            let members: Vec<&Readied> = group.iter().map(|position| cells[*position]).collect();
            let of = |readied: &Readied| if jobs > 1 { console.of_cell(&readied.plan.cell) } else { console.clone() };
            let mut positions = group.iter();
            run_group(&members, of, |readied, report, console| {
                let exit = tell(&readied.settings.out, &report, console);
                stopped.fetch_or(exit == Exit::Interrupted, Ordering::SeqCst);
                ended.lock().unwrap_or_else(PoisonError::into_inner).insert(positions.next(), (report, exit));
            });
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

/// Runs a cell from nothing to its report; signals stop it and clean. The report of a cell that could not even begin says why: the
/// machine refuses a folder, a runtime or the bundle.
pub fn run_cell(readied: &Readied, console: &Console) -> Report {
    let mut last = None;
    run_group(&[readied], |_| console.clone(), |_, report, _| last = Some(report));
    let nothing = || refuse(readied.plan.cell.clone(), FailureKind::Inconclusive, "the cell did not run", "");
    last.unwrap_or_else(nothing)
}

/// Runs cells one after another on one cluster, or on one each where it does not come back clean, and tells each report as it is there.
/// They are one run: one id, one private folder. After one was interrupted no other is begun.
fn run_group(
    cells: &[&Readied],
    console_of: impl Fn(&Readied) -> Console,
    mut told: impl FnMut(&Readied, Report, &Console),
) {
    let Some((first, last)) = cells.first().zip(cells.last()) else { return };
    let ground = match Ground::prepare(first) {
        Ok(ground) => ground,
        Err((what, hint)) => {
            for readied in cells {
                let report = refuse(readied.plan.cell.clone(), FailureKind::InvalidEnvironment, &what, &hint);
                told(readied, report, &console_of(readied));
            }
            return;
        }
    };
    let mut stays = first.settings.keep;
    for (position, readied) in cells.iter().enumerate() {
        let console = console_of(readied);
        let report = ground.run(readied, position + 1 < cells.len(), &console);
        stays |= report.as_ref().map_or(true, |report| report.remains.is_some());
        told(readied, report.unwrap_or_else(|refused| *refused), &console);
        if ground.cancel.is_cancelled() {
            break;
        }
    }
    ground.leave(last, stays, &console_of(last));
}

/// What the cells of a group stand on.
struct Ground {
    folder: RunFolder,
    runtime: Runtime,
    cancel: CancellationToken,
    relay: Relay,
}

impl Ground {
    /// Makes the run's folder, and watches for signals. The error says what was refused, and what to do.
    fn prepare(first: &Readied) -> Result<Self, (String, String)> {
        let folder = RunFolder::create(&first.settings.state, first.settings.keep).map_err(|error| {
            let hint = error.hint();
            (format!("cannot make the run's private folder: {}", Trouble::from(error).what), hint)
        })?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| (format!("cannot start the runtime: {error}"), String::new()))?;
        let cancel = CancellationToken::new();
        {
            let _inside = runtime.enter();
            watch_signals(cancel.clone())
                .map_err(|error| (format!("cannot watch for signals: {error}"), String::new()))?;
        }
        Ok(Self { folder, runtime, cancel, relay: Relay::default() })
    }

    /// Runs one cell; another follows it on the same cluster, or none.
    ///
    /// # Errors
    /// A report that says why there is no bundle of the cell.
    fn run(&self, readied: &Readied, is_followed: bool, console: &Console) -> Result<Report, Box<Report>> {
        let Self { folder, runtime, cancel, relay } = self;
        console.settings(&readied.plan.cell, readied.settings.texts(), folder.id());
        let place: Place = relay.place(readied.plan.cell.name(), is_followed);
        let driver = Live::new(&readied.settings, folder, cancel.clone(), place);
        let job = Job {
            run: folder.id(),
            folder: folder.path(),
            plan: &readied.plan,
            book: &readied.book,
            settings: &readied.settings,
            cancel,
            console,
        };
        runtime
            .block_on(session::run(&job, &driver, &readied.settings.out.join("bundle")))
            .map_err(|error| Box::new(refuse(readied.plan.cell.clone(), error.kind(), &chain(&error), &error.hint())))
    }

    /// Removes what is left of the run. What stays, wanted or not, is named in the journal, and a cluster's kubeconfig lies beside it.
    fn leave(self, last: &Readied, mut stays: bool, console: &Console) {
        let Self { folder, runtime, relay, .. } = self;
        if let Err(trouble) = runtime.block_on(relay.end(&last.settings, &folder)) {
            console.note(&format!("the cluster of the run stays: {}", trouble.what));
            stays = true;
        }
        if stays && !folder.journal().is_empty() {
            let (run, kept) = (folder.id(), if last.settings.keep { " --kept" } else { "" });
            console.note(&format!("remove what stays with `dualproof sweep --run {run}{kept} --yes`"));
        } else if let Err(error) = folder.remove() {
            console.note(&format!("the run's private folder is left behind: {error}"));
        }
    }
}
