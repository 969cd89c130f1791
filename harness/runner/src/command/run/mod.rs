//! `dualproof run`.

mod cells;
mod group;

use std::path::Path;

use dualproof_driver::trouble::chain;
use dualproof_model::evidence::{Failure, FailureKind};
use dualproof_model::judge::refused;
use dualproof_model::plan::Cell;
use dualproof_model::report::{Report, text};

use super::bundles;
use super::prepare::{Readied, ready};
use crate::output::{Console, Exit, write_list, write_report};
use crate::session::tool;
use crate::settings::Partial;

pub use cells::run_cell;

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
    let (reports, mut exits): (Vec<_>, Vec<_>) = cells::run_cells(&wanted, console).into_iter().unzip();
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
