//! What can be wrong with a run's folder.

use std::io;
use std::path::PathBuf;

use dualproof_driver::trouble::Explained;
use dualproof_model::evidence::FailureKind;

/// A run's folder cannot be made, written or read.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// A file or folder cannot be written.
    #[error("cannot write {}", .path.display())]
    Write {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The journal is not YAML, or not of this form.
    #[error("{} is no journal", .path.display())]
    Form {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: serde_yaml::Error,
    },
    /// The journal is another run's, or of another version.
    #[error("{} says {field} `{seen}`, not `{expected}`", .path.display())]
    Other {
        /// Its path.
        path: PathBuf,
        /// The field.
        field: &'static str,
        /// What it says.
        seen: String,
        /// What it should say.
        expected: String,
    },
    /// The system refuses the name by which a living run is known.
    #[error("cannot hold the name of run {run}")]
    Beacon {
        /// The run.
        run: String,
        /// Why.
        source: io::Error,
    },
}

impl Explained for LeaseError {
    fn kind(&self) -> FailureKind {
        FailureKind::InvalidEnvironment
    }

    fn hint(&self) -> String {
        match self {
            Self::Write { .. } => "give DUALPROOF_STATE a folder on a local disk that can be written".to_owned(),
            Self::Read { path, .. } | Self::Form { path, .. } | Self::Other { path, .. } => {
                let folder = path.parent().unwrap_or(path).display();
                format!("look into it, remove by hand what it names, and then the folder: rm -r {folder}")
            }
            Self::Beacon { .. } => String::new(),
        }
    }
}
