//! The folders that a run writes into.

use std::io;
use std::path::{Path, PathBuf};

use dualproof_model::plan::Timeouts;

use super::{Seen, Trap};
use crate::context::RunContext;
use crate::doctor::Subject;
use crate::doctor::machine::ask_disk;

/// Reports cannot be written.
pub(super) const OUTPUT: Trap = Trap {
    id: "output-folder-unwritable",
    title: "The folder for reports cannot be written",
    why: "the bundle begins with the run's first second; without it there is no evidence",
};

/// Private files cannot be written.
pub(super) const STATE: Trap = Trap {
    id: "state-folder-unwritable",
    title: "The folder for private files cannot be written",
    why: "kubeconfig and lease of a run lie there; without them nothing can be made, nor found again",
};

/// Looks at both folders.
pub(in crate::doctor) async fn look(context: &RunContext, subject: &Subject) -> Vec<Seen> {
    let out = "name another folder: `dualproof run --out FOLDER`";
    let state = "name another folder: `DUALPROOF_STATE=FOLDER dualproof run`";
    let (out, state) =
        tokio::join!(folder(context, &OUTPUT, &subject.out, out), folder(context, &STATE, &subject.state, state));
    out.into_iter().chain(state).collect()
}

async fn folder(context: &RunContext, trap: &Trap, folder: &Path, cure: &str) -> Option<Seen> {
    let asked = folder.to_owned();
    match ask_disk(Timeouts::of(context.timeouts.tool), move || write(&asked)).await {
        Some(Ok(())) => None,
        Some(Err((place, error))) => Some(trap.blocks(format!("cannot write into {}: {error}", place.display()), cure)),
        None => {
            let by_hand = format!("df -h {}", folder.display());
            Some(trap.unsure(format!("the disk of {} does not answer", folder.display()), &by_hand))
        }
    }
}

/// Writes an unnamed file into the folder, or into the nearest one above that is there: it leaves no trace, and it also fails on
/// a disk that is full or read-only.
fn write(folder: &Path) -> Result<(), (PathBuf, io::Error)> {
    let absolute = std::path::absolute(folder).map_err(|error| (folder.to_owned(), error))?;
    let there = absolute.ancestors().find(|place| place.symlink_metadata().is_ok()).unwrap_or(&absolute);
    let try_it = || {
        let mut file = tempfile::tempfile_in(there)?;
        io::Write::write_all(&mut file, b"dualproof")
    };
    try_it().map_err(|error| (there.to_owned(), error))
}
