//! `dualproof doctor`: what would keep a run from working here, before minutes are spent.

use dualproof_driver::doctor::{Seen, Severity, traps};

use super::prepare::{InputError, ready};
use crate::live;
use crate::output::{Console, Exit};
use crate::settings::Partial;

/// Examines the machine for the cells that a run with these settings would make; with `list`, prints every trap instead.
pub(super) fn command(given: Box<Partial>, list: bool, console: &Console) -> Exit {
    if list {
        console.data(
            &traps().iter().map(|trap| format!("{}: {}; {}\n", trap.id, trap.title, trap.why)).collect::<String>(),
        );
        return Exit::Conforms;
    }
    match examined(*given) {
        Ok(seen) => {
            console.data(&text(&seen));
            let blocked = seen.iter().any(|(_, seen)| seen.severity == Severity::Blocks);
            if blocked { Exit::InvalidEnvironment } else { Exit::Conforms }
        }
        Err(error) => {
            console.error(&error, "dualproof doctor --help lists every setting");
            Exit::BadInput
        }
    }
}

/// Lists what is seen for each cell, by the cell's name; what is the same for several is listed with the first.
fn examined(given: Partial) -> Result<Vec<(String, Seen)>, InputError> {
    let mut all: Vec<(String, Seen)> = Vec::new();
    for readied in ready(given)? {
        for seen in live::examine(&readied.settings) {
            if !all.iter().any(|(_, known)| *known == seen) {
                all.push((readied.plan.cell.name(), seen));
            }
        }
    }
    Ok(all)
}

fn text(seen: &[(String, Seen)]) -> String {
    if seen.is_empty() {
        return "nothing stands in the way\n".to_owned();
    }
    let severity = |seen: &Seen| if seen.severity == Severity::Blocks { "blocks" } else { "warns" };
    seen.iter()
        .map(|(cell, seen)| format!("{} {} ({cell}): {}\n  cure: {}\n", severity(seen), seen.id, seen.seen, seen.cure))
        .collect()
}
