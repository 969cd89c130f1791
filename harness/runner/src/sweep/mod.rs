//! Sweeping: finding what dead runs left behind, and removing it.
//!
//! What counts as ours, and nothing else does:
//! * a folder below the state folder's `runs` that has a run's id for a name, a lease that nobody holds and a journal;
//!   or the draft of one, older than a minute;
//! * a kind cluster that such a journal names. With a name of the user's choice it must also be younger than the journal's
//!   entry, and its nodes must not say that they are another's;
//! * a kind cluster `dualproof-<id>` without such a folder, when its control plane was configured with the label
//!   `dualproof.dev/run=<id>` and no process on this machine lives as that run. The name alone proves nothing;
//! * a container beside a cluster that carries the labels `dualproof.dev/run=<id>` and `app.kubernetes.io/managed-by=dualproof` (the
//!   client outside), when no folder or process on this machine lives as that run;
//! * namespaces, and a mesh's, on a cluster that a journal names, when they carry the run's label;
//! * an embedded cluster that serves from the run's folder;
//! * a `kind create`, `kind load`, `istioctl install` or `istioctl manifest` that was given a file of the run's folder or its cluster's name.
//!
//! Not removed: the Docker network `kind`, which all of kind's clusters share, and images.

mod age;
mod docker;
mod existing;
mod folders;
mod leftover;
mod processes;
mod remove;
mod survey;

pub use age::{AgeError, parse_age};
pub use leftover::Scope;
pub(crate) use processes::serves;

use std::io;

use crate::output::{Console, Exit};

/// Lists what dead runs left behind, and with `scope.remove` removes it, telling each thing.
///
/// Returns [`Exit::Conforms`] when nothing was to be removed, or all of it was; [`Exit::DoesNotConform`] when something stays that
/// should have gone. Listing always returns the former. What the user keeps counts as neither.
///
/// # Errors
/// A state folder that is there and cannot be read. One that is not there is no error: then only clusters are looked for.
pub async fn sweep(scope: &Scope, console: &Console) -> io::Result<Exit> {
    let found = survey::survey(scope).await?;
    found.notes.iter().for_each(|note| console.note(note));
    let mut stays = found.unsure;
    let mut count = 0;
    for mut leftover in found.leftovers {
        count += leftover.items.len();
        if scope.remove {
            stays |= !remove::remove(scope, &mut leftover, console).await;
        } else {
            leftover.items.iter().for_each(|item| console.data(&leftover.line(item, &item.intent())));
        }
    }
    match (count, scope.remove) {
        (0, _) => console.note("nothing left behind was found"),
        (_, false) => console.note("nothing was removed: give --yes to remove what would be"),
        (_, true) => {}
    }
    Ok(if scope.remove && stays { Exit::DoesNotConform } else { Exit::Conforms })
}
