//! `dualproof plan` and `dualproof list`.

use std::collections::BTreeMap;

use dualproof_model::plan::Plan;

use super::prepare::ready;
use crate::output::{Console, Exit};
use crate::settings::Partial;

/// Prints the cell, what would be deployed, what would run, and what would be skipped and why.
pub(super) fn command(given: Box<Partial>, console: &Console) -> Exit {
    with_plan(*given, console, text)
}

/// Prints the names of the trials, one a line.
pub(super) fn list(given: Box<Partial>, console: &Console) -> Exit {
    with_plan(*given, console, |plan| plan.trials.iter().map(|trial| format!("{}\n", trial.name)).collect())
}

fn with_plan(given: Partial, console: &Console, print: impl Fn(&Plan) -> String) -> Exit {
    match ready(given) {
        Ok(cells) => {
            cells.iter().for_each(|readied| console.data(&print(&readied.plan)));
            let nothing = cells.iter().all(|readied| readied.plan.trials.is_empty());
            if nothing { Exit::Vacuous } else { Exit::Conforms }
        }
        Err(error) => {
            console.error(&error, "dualproof run --help lists every setting; dualproof explain lists every check");
            Exit::BadInput
        }
    }
}

fn text(plan: &Plan) -> String {
    let mut lines = vec![format!("cell {}", plan.cell.name())];
    for workload in &plan.workloads {
        lines.push(format!("deploy {} into {}", workload.manifest, workload.namespace));
    }
    for trial in &plan.trials {
        lines.push(format!("run {}", trial.name));
    }
    let mut skips: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for skip in &plan.skips {
        skips.entry(&skip.reason).or_default().push(&skip.trial.name);
    }
    for (reason, names) in skips {
        for name in names {
            lines.push(format!("skip {name}: {reason}"));
        }
    }
    lines.push(format!("{} to run, {} skipped; nothing was made", plan.trials.len(), plan.skips.len()));
    lines.join("\n") + "\n"
}
