//! `dualproof explain`.

use dualproof_model::check::{self, Check};
use dualproof_model::judge::{Across, FAMILY_ORDER_MATRIX};

use crate::output::{Console, Exit};

/// Prints why a check exists and what to do when it is red; without a name, every check in a line.
pub(super) fn command(name: Option<&str>, console: &Console) -> Exit {
    let Some(name) = name else {
        let Across { key, slug, title, .. } = FAMILY_ORDER_MATRIX;
        let checks = check::all().iter().map(|check| (check.key, check.slug, check.title));
        let lines: String =
            checks.chain([(key, slug, title)]).map(|(key, slug, title)| format!("{key} {slug}: {title}\n")).collect();
        console.data(&lines);
        return Exit::Conforms;
    };
    let across = FAMILY_ORDER_MATRIX;
    if [across.key, across.slug].iter().any(|known| known.eq_ignore_ascii_case(name)) {
        let over = "over the cells of a run that differ in the order of their families";
        console.data(&told(&format!("{} {}\n{over}", across.key, across.slug), across.title, across.why, across.cure));
        return Exit::Conforms;
    }
    match check::find(name) {
        Some(check) => {
            console.data(&text(check));
            Exit::Conforms
        }
        None => {
            console.note(&format!("error: there is no check `{name}`\nhint: dualproof explain lists every check"));
            Exit::BadInput
        }
    }
}

fn text(check: &Check) -> String {
    let mesh = if check.needs_mesh { "needs a mesh" } else { "needs no mesh" };
    let head =
        format!("{} {}\nlayer {}, profile {}, {mesh}", check.key, check.slug, check.layer, check.profile.as_str());
    told(&head, check.title, check.why, check.cure)
}

fn told(head: &str, title: &str, why: &str, cure: &str) -> String {
    format!(
        "{head}\n\nwhat holds when it is green\n  {title}\n\nwhy it exists\n  {why}\n\nwhat to do when it is red\n  {cure}\n"
    )
}
