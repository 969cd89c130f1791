//! `dualproof explain`.

use dualproof_model::check::{self, Check};

use crate::output::{Console, Exit};

/// Prints why a check exists and what to do when it is red; without a name, every check in a line.
pub(super) fn command(name: Option<&str>, console: &Console) -> Exit {
    let Some(name) = name else {
        let lines: String =
            check::all().iter().map(|check| format!("{} {}: {}\n", check.key, check.slug, check.title)).collect();
        console.data(&lines);
        return Exit::Conforms;
    };
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
    format!(
        "{} {}\nlayer {}, profile {}, {mesh}\n\nwhat holds when it is green\n  {}\n\nwhy it exists\n  {}\n\nwhat to do when it is red\n  {}\n",
        check.key,
        check.slug,
        check.layer,
        check.profile.as_str(),
        check.title,
        check.why,
        check.cure
    )
}
