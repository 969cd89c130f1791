//! The private folder of a run: its lease, its journal, its kubeconfig and rendered inputs.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{Beacon, JournalFile, Lease, LeaseError, RunId};

/// The beginning of a folder's name while it is being made. A run that is killed then leaves such a folder, with nothing in
/// it that matters.
pub const DRAFT_PREFIX: &str = ".new-";

/// Names the folder of all runs in a state folder.
#[must_use]
pub fn runs_in(state: &Path) -> PathBuf {
    state.join("runs")
}

/// A run's id and its folder, readable by the user alone. While the value lives, so does the run: lease and beacon are held.
#[derive(Debug)]
pub struct RunFolder {
    id: RunId,
    path: PathBuf,
    journal: JournalFile,
    _lease: Lease,
    _beacon: Beacon,
}

impl RunFolder {
    /// Makes a folder with a new id under the state folder; `kept` says that the user wants what the run makes to stay.
    ///
    /// The folder gets its name when its lease is held and its journal is written, so there is no moment at which another
    /// process could take it for a dead run's.
    ///
    /// # Errors
    /// Where the state folder cannot be written. An id that is taken is no error: another is drawn.
    pub fn create(state: &Path, kept: bool) -> Result<Self, LeaseError> {
        let runs = std::path::absolute(runs_in(state)).map_err(|source| failed(state, source))?;
        std::fs::create_dir_all(&runs).map_err(|source| failed(&runs, source))?;
        loop {
            let id = RunId::draw();
            let path = runs.join(id.as_str());
            if path.symlink_metadata().is_ok() {
                continue;
            }
            let beacon = Beacon::light(&id).map_err(|source| LeaseError::Beacon { run: id.to_string(), source })?;
            let Some(beacon) = beacon else { continue };
            let draft = tempfile::Builder::new()
                .prefix(DRAFT_PREFIX)
                .permissions(Permissions::from_mode(0o700))
                .tempdir_in(&runs)
                .map_err(|source| failed(&runs, source))?;
            let lease = Lease::make(draft.path()).map_err(|source| failed(draft.path(), source))?;
            let journal = JournalFile::begin(&id, &path, kept);
            journal.write_into(draft.path())?;
            std::fs::rename(draft.path(), &path).map_err(|source| failed(&path, source))?;
            // It has another name now, under which it stays.
            let _ = draft.keep();
            return Ok(Self { id, path, journal, _lease: lease, _beacon: beacon });
        }
    }

    /// Returns the run's id: six lower-case letters and digits, fit for names and labels.
    #[must_use]
    pub fn id(&self) -> &str {
        self.id.as_str()
    }

    /// Returns the folder: an absolute path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the journal, to write down what is about to be made.
    #[must_use]
    pub fn journal(&self) -> JournalFile {
        self.journal.clone()
    }

    /// Removes the folder, and with it the lease. Dropping the value instead leaves the folder for `dualproof sweep`.
    ///
    /// # Errors
    /// What the file system says. A folder that is gone already is no error.
    pub fn remove(self) -> io::Result<()> {
        match std::fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn failed(path: &Path, source: io::Error) -> LeaseError {
    LeaseError::Write { path: path.to_owned(), source }
}
