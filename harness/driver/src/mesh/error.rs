//! Why a mesh could not be had, or not be read.

use std::fmt;
use std::path::PathBuf;

use dualproof_model::evidence::FailureKind;
use dualproof_model::spec::MeshVersion;

use super::DownloadError;
use crate::api::ApiError;
use crate::diagnostics::is_environment;
use crate::tool::ToolError;
use crate::trouble::{Explained, chain};
use crate::wait::WaitError;

/// A mesh that is not there as it should be.
#[derive(Debug, thiserror::Error)]
pub enum MeshError {
    /// An install setting is no `key=value`.
    #[error("mesh setting `{0}` is not key=value")]
    Setting(String),
    /// An install file cannot be read.
    #[error("cannot read the mesh overlay {}", .path.display())]
    Overlay {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no installer of the wanted version.
    #[error("no {tool} {}was found: {}", wanted(.version), listed(.looked))]
    NoTool {
        /// The installer.
        tool: &'static str,
        /// The version; `None` when any would do.
        version: Option<MeshVersion>,
        /// Every place that was looked at, in order, and what was there.
        looked: Vec<Looked>,
    },
    /// The install input could not be written.
    #[error("cannot write {}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The installer refuses settings or files before any cluster is touched.
    #[error("the install input is refused")]
    Refused(#[source] ToolError),
    /// A mesh of another version is there already.
    #[error("the cluster has {found} already, and {wanted} was asked for")]
    OtherVersion {
        /// What is there: `istiod 1.30.4 in istio-system`.
        found: String,
        /// What was asked for.
        wanted: MeshVersion,
    },
    /// The installer failed, or did not come to an end.
    #[error("the mesh did not install{}", reasons(.why))]
    Install {
        /// What the installer did.
        source: ToolError,
        /// Why its pods are not ready, one reason a line; empty when they say nothing.
        why: Vec<String>,
    },
    /// A setting that the mesh does not know.
    #[error("the mesh does not know the setting `{setting}`: {known}")]
    Unknown {
        /// The setting, as it was given.
        setting: String,
        /// What it knows.
        known: &'static str,
    },
    /// The control plane was made and does not come up.
    #[error("the mesh's control plane is not ready{}", reasons(.why))]
    NotReady {
        /// The look at its pods, and what was seen last.
        source: WaitError,
        /// Why they are not ready, one reason a line; empty when they say nothing.
        why: Vec<String>,
    },
    /// The control plane runs and pods would not get into the mesh.
    #[error("the mesh is installed and injects no pod{}", reasons(.why))]
    NoInjection {
        /// The look at the injector, and what was seen last.
        source: WaitError,
        /// Why its pods are not ready, one reason a line; empty when they are, or say nothing.
        why: Vec<String>,
    },
    /// The proxies have not taken over what was sent to them.
    #[error("the proxies did not converge")]
    NotConverged(#[source] WaitError),
    /// The control plane gave no answer.
    #[error("the control plane cannot be read: {0}")]
    Unreadable(String),
    /// The installer could not remove the mesh.
    #[error("the mesh could not be removed")]
    Remove(#[source] ToolError),
    /// The API server did not do as asked.
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// A place where an installer was looked for.
#[derive(Debug)]
pub struct Looked {
    /// The place: a path, a name on PATH, an address.
    pub place: String,
    /// What was there, and why it was not taken.
    pub found: Found,
}

/// What was found in a place.
#[derive(Debug)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// An installer of another version.
    Version(String),
    /// Something that does not tell its version.
    Unusable(ToolError),
    /// Something whose answer holds no version.
    NoVersion(String),
    /// It could not be fetched.
    Download(DownloadError),
    /// It was not fetched because no version was asked for.
    NotAsked,
}

impl fmt::Display for Looked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, found } = self;
        match found {
            Found::Nothing => write!(f, "{place}: no such file"),
            Found::Version(version) => write!(f, "{place}: says it is {version}"),
            Found::Unusable(ToolError::NotFound { .. }) => write!(f, "{place}: is not executable"),
            Found::Unusable(error) => write!(f, "{place}: {}", chain(error)),
            Found::NoVersion(said) => write!(f, "{place}: does not tell its version but `{said}`"),
            Found::Download(error) => write!(f, "{place}: {}", chain(error)),
            Found::NotAsked => write!(f, "{place}: not asked, because no version is wanted"),
        }
    }
}

impl Explained for MeshError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Setting(_) | Self::Unknown { .. } | Self::Overlay { .. } => FailureKind::BadInput,
            Self::Write { .. } | Self::OtherVersion { .. } => FailureKind::InvalidEnvironment,
            Self::NoTool { looked, .. } => {
                let stopped = looked.iter().any(|looked| match &looked.found {
                    Found::Unusable(error) => error.kind() == FailureKind::Interrupted,
                    Found::Download(error) => matches!(error, DownloadError::Cancelled { .. }),
                    _ => false,
                });
                if stopped { FailureKind::Interrupted } else { FailureKind::InvalidEnvironment }
            }
            Self::Refused(error) => match error.kind() {
                FailureKind::Interrupted => FailureKind::Interrupted,
                _ => FailureKind::BadInput,
            },
            Self::Install { source, why } => match source.kind() {
                FailureKind::Inconclusive if why.iter().any(|why| is_environment(why)) => {
                    FailureKind::InvalidEnvironment
                }
                kind if is_environment(&source.to_string()) && kind != FailureKind::Interrupted => {
                    FailureKind::InvalidEnvironment
                }
                kind => kind,
            },
            Self::Remove(error) => error.kind(),
            Self::NotReady { source, .. } | Self::NoInjection { source, .. } | Self::NotConverged(source) => {
                source.kind()
            }
            Self::Unreadable(_) => FailureKind::Inconclusive,
            Self::Api(error) => error.kind(),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Setting(_) => "write it as the installer's --set wants it, such as values.global.tag=1.26.0".to_owned(),
            Self::Unknown { .. } => "leave it out, or write one that is known".to_owned(),
            Self::NotReady { .. } => "look at the reasons and at the log of istiod in istio-system".to_owned(),
            Self::Overlay { .. } => "name a readable file".to_owned(),
            Self::NoTool { tool, version, .. } => {
                let named = version.as_ref().map(|version| format!(" or {tool}-{version}")).unwrap_or_default();
                format!(
                    "give its path with --{tool} PATH, put {tool}{named} on PATH or into the cache folder, or choose another \
                     version with --mesh-version"
                )
            }
            Self::Write { .. } => "check that the run's folder is writable and not full".to_owned(),
            Self::Refused(_) => "correct the mesh settings and overlays: the installer says what it does not know".to_owned(),
            Self::OtherVersion { .. } => {
                "ask for the version that is there, remove that mesh, or use another cluster".to_owned()
            }
            Self::Install { why, .. } if why.iter().any(|why| why.contains("Image")) => {
                "load the image into the nodes, or name one that they can pull (--mesh-set hub=… and tag=…)".to_owned()
            }
            Self::Install { why, .. } if why.iter().any(|why| why.contains("Insufficient")) => {
                "give the nodes more, or ask for less with an overlay of resource requests".to_owned()
            }
            Self::Install { source, .. } if source.to_string().contains("not configured for dual-stack services") => {
                "the cluster was made with one family: make it with both (kind: `ipFamily: dual`) and try again".to_owned()
            }
            Self::Install { .. } => {
                "look at the reasons and logs/diagnosis.txt; if it only needs longer, raise the timeout meshInstall".to_owned()
            }
            Self::NoInjection { .. } => {
                "look at the mutating webhooks and the log of istiod; a revision without a default tag does not inject by \
                 istio-injection=enabled"
                    .to_owned()
            }
            Self::NotConverged(_) => {
                "look at the log of istiod and of the proxies that are named; if they only need longer, raise the timeout \
                 converge"
                    .to_owned()
            }
            Self::Unreadable(_) => "check that istiod runs and that the user may port-forward and exec to it".to_owned(),
            Self::Remove(error) => error.hint(),
            Self::Api(error) => error.hint(),
        }
    }
}

fn wanted(version: &Option<MeshVersion>) -> String {
    version.as_ref().map(|version| format!("{version} ")).unwrap_or_default()
}

fn listed(looked: &[Looked]) -> String {
    looked.iter().map(Looked::to_string).collect::<Vec<_>>().join("; ")
}

fn reasons(why: &[String]) -> String {
    if why.is_empty() { String::new() } else { format!(", because of {}", why.join("; ")) }
}
