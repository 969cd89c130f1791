//! `dualproof judge`: the same judge, on somebody's bundles, without any cluster.

use std::path::{Path, PathBuf};

use dualproof_dump::bundle::Bundle;
use dualproof_model::judge::judge;
use dualproof_model::report::{Report, text};

use super::across::of_evidence;
use super::read::{BundleError, read};
use crate::output::{Console, Exit, write_list, write_report};
use crate::rules::RuleBook;
use crate::session::tool;

/// Reads bundles, judges each and then all together, prints the text and writes the reports' files.
pub(in crate::command) fn command(
    folders: &[PathBuf],
    out: Option<&Path>,
    rules: Option<&str>,
    console: &Console,
) -> Exit {
    match judged(folders, out, rules.unwrap_or("bundle"), console) {
        Ok(exit) => exit,
        Err(error) => {
            console.error(&error, &error.hint());
            Exit::BadInput
        }
    }
}

fn judged(folders: &[PathBuf], out: Option<&Path>, rules: &str, console: &Console) -> Result<Exit, BundleError> {
    let read: Vec<(Bundle, RuleBook)> =
        folders.iter().map(|folder| read(folder, rules)).collect::<Result<_, BundleError>>()?;
    let reports: Vec<Report> = read.iter().map(|(bundle, book)| judge(&bundle.evidence, &book.rules, tool())).collect();
    let mut exits: Vec<Exit> = reports.iter().map(|report| report.conclusion.into()).collect();
    reports.iter().for_each(|report| console.data(&text(report)));
    if let ([only], Some(out)) = (reports.as_slice(), out) {
        write_report(out, only)?;
    }
    if reports.len() > 1 {
        let cells: Vec<_> = read.iter().map(|(bundle, book)| (&bundle.evidence, &book.rules)).collect();
        let (across, exit) = of_evidence(&cells, console);
        exits.push(exit);
        if let Some(out) = out {
            for (number, report) in reports.iter().enumerate() {
                // Two bundles may be of one cell.
                write_report(&out.join(format!("{}-{}", number + 1, report.cell_name)), report)?;
            }
            write_list(out, &reports, &[across])?;
        }
    }
    Ok(Exit::worst(&exits))
}
