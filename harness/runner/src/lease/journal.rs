//! The journal of a run: what it makes, written down before it is made.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use dualproof_model::plan::MeshKind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{LeaseError, RunId};

/// The file's name in the run's folder.
const FILE: &str = "run.yaml";

/// The form of the file. A reader that finds another does not guess.
const SCHEMA: &str = "dualproof.dev/journal/v1";

/// What a run says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Journal {
    schema: String,
    /// The run's id, which is its folder's name, too.
    pub run: String,
    /// The version of the program that wrote it.
    pub tool: String,
    /// When the run began.
    pub started: Timestamp,
    /// The process, for people. It says nothing about whether the run is alive: the lease does.
    pub pid: u32,
    /// The run's folder, as the run names it to its tools.
    pub folder: PathBuf,
    /// The user wants what the run made to stay.
    pub kept: bool,
    /// What the run made or was about to make, in this order.
    pub made: Vec<Made>,
}

/// Something that a run makes outside its folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Made {
    /// A kind cluster.
    KindCluster {
        /// kind's name of it.
        name: String,
        /// Its kubeconfig.
        kubeconfig: PathBuf,
        /// When this was written: a cluster that is older is not the run's.
        asked: Timestamp,
    },
    /// An embedded cluster: a process that is known by the run's folder.
    EmbeddedCluster {
        /// Its kubeconfig.
        kubeconfig: PathBuf,
    },
    /// Namespaces on a cluster that was there.
    Namespaces {
        /// The cluster's kubeconfig.
        kubeconfig: PathBuf,
        /// The context in it; `None` for its current one.
        context: Option<String>,
        /// The label that they carry, `key=value`.
        selector: String,
    },
    /// A mesh on a cluster that was there.
    Mesh {
        /// The cluster's kubeconfig.
        kubeconfig: PathBuf,
        /// The context in it; `None` for its current one.
        context: Option<String>,
        /// Which mesh.
        mesh: MeshKind,
        /// Its version.
        version: Option<String>,
        /// The installer that was named; `None` when it was searched for.
        tool: Option<PathBuf>,
        /// The overlays that were handed to the installer.
        overlays: Vec<PathBuf>,
    },
}

impl Journal {
    /// Reads the journal in a run's folder.
    ///
    /// # Errors
    /// A file that is not there, that is no journal, of another version, or of another run than the folder's name says.
    pub fn read(folder: &Path) -> Result<Self, LeaseError> {
        let path = folder.join(FILE);
        let text = std::fs::read_to_string(&path).map_err(|source| LeaseError::Read { path: path.clone(), source })?;
        let journal: Self =
            serde_yaml::from_str(&text).map_err(|source| LeaseError::Form { path: path.clone(), source })?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for (field, seen, expected) in [("schema", &journal.schema, SCHEMA), ("run", &journal.run, name.as_str())] {
            if seen != expected {
                let (seen, expected) = (seen.clone(), expected.to_owned());
                return Err(LeaseError::Other { path, field, seen, expected });
            }
        }
        Ok(journal)
    }
}

/// The journal of the run that is going on. Clones write to the same file.
#[derive(Clone, Debug)]
pub struct JournalFile {
    folder: PathBuf,
    journal: Arc<Mutex<Journal>>,
}

impl JournalFile {
    /// Begins a journal for a folder, without writing it.
    pub(super) fn begin(run: &RunId, folder: &Path, kept: bool) -> Self {
        let journal = Journal {
            schema: SCHEMA.to_owned(),
            run: run.to_string(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            started: Timestamp::now(),
            pid: std::process::id(),
            folder: folder.to_owned(),
            kept,
            made: Vec::new(),
        };
        Self { folder: folder.to_owned(), journal: Arc::new(Mutex::new(journal)) }
    }

    /// Writes down what is about to be made. Call it before anything of it can exist.
    ///
    /// # Errors
    /// A file that cannot be written: then the thing must not be made.
    pub fn amend(&self, made: Made) -> Result<(), LeaseError> {
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        let mut amended = journal.clone();
        amended.made.push(made);
        write(&self.folder, &amended)?;
        *journal = amended;
        Ok(())
    }

    /// Tells whether nothing has been written down yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).made.is_empty()
    }

    /// Writes the journal into the folder that will be the run's.
    pub(super) fn write_into(&self, folder: &Path) -> Result<(), LeaseError> {
        write(folder, &self.journal.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Writes the whole file or nothing: a reader sees the journal of before or of after.
fn write(folder: &Path, journal: &Journal) -> Result<(), LeaseError> {
    let path = folder.join(FILE);
    let text = serde_yaml::to_string(journal).map_err(|source| LeaseError::Form { path: path.clone(), source })?;
    let draft = || {
        let mut draft = tempfile::Builder::new().prefix(".run-").tempfile_in(folder)?;
        draft.write_all(text.as_bytes())?;
        draft.as_file().sync_all()?;
        draft.persist(&path).map_err(|error| error.error)
    };
    draft().map(drop).map_err(|source| LeaseError::Write { path: path.clone(), source })
}
