//! Verdicts over several cells (K16), of bundles that a run has just written or that somebody gives.

use std::path::PathBuf;

use dualproof_dump::bundle;
use dualproof_model::evidence::Evidence;
use dualproof_model::judge::{Rules, family_orders};
use dualproof_model::report::{TrialResult, across_text};
use dualproof_model::verdict::Verdict;

use crate::output::{Console, Exit};

/// Judges the cells of a run together, by the bundles that it left, and prints what comes of it. A bundle that cannot be read has told so
/// in its own report, and is left out.
pub(in crate::command) fn of_folders(folders: &[(PathBuf, &Rules)], console: &Console) -> (TrialResult, Exit) {
    let read = folders.iter().filter_map(|(folder, rules)| Some((bundle::read(folder).ok()?.evidence, *rules)));
    let read: Vec<(Evidence, &Rules)> = read.collect();
    of_evidence(&read.iter().map(|(evidence, rules)| (evidence, *rules)).collect::<Vec<_>>(), console)
}

/// Judges cells together, and prints what comes of it.
pub(super) fn of_evidence(cells: &[(&Evidence, &Rules)], console: &Console) -> (TrialResult, Exit) {
    let result = family_orders(cells);
    console.data(&across_text(&result));
    let exit = match result.verdict {
        Verdict::Pass | Verdict::NotApplicable | Verdict::Xfail => Exit::Conforms,
        Verdict::Inconclusive => Exit::Inconclusive,
        Verdict::InvalidEnvironment => Exit::InvalidEnvironment,
        Verdict::Fail | Verdict::Xpass | Verdict::Flaky => Exit::DoesNotConform,
    };
    (result, exit)
}
