//! Why there is no cluster to run on.

use std::path::PathBuf;

use dualproof_model::evidence::FailureKind;

use crate::api::ApiError;
use crate::tool::ToolError;
use crate::trouble::Explained;
use crate::wait::WaitError;

/// A cluster that could not be made, found, filled or removed.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// A setting makes no sense.
    #[error("{setting} is `{value}`: {rule}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        rule: &'static str,
    },
    /// A tool did not do its part.
    #[error("cannot {what}")]
    Tool {
        /// What it was asked for.
        what: String,
        /// Why.
        source: ToolError,
    },
    /// Docker is installed and its daemon does not answer.
    #[error("docker is installed, but its daemon does not answer")]
    DockerSilent(#[source] ToolError),
    /// The network that kind uses has no IPv6 and kind does not change a network that is there.
    #[error("the docker network `kind` is there without IPv6, so no node could get an IPv6 address")]
    NetworkWithoutIpv6,
    /// There is no node image of the version that was asked for.
    #[error("kubernetes {version} is unknown: no node image {image} here, and it cannot be pulled (here are: {})", listed(.local))]
    UnknownVersion {
        /// The version.
        version: String,
        /// The image.
        image: String,
        /// The node images that this machine has.
        local: Vec<String>,
        /// What pulling said.
        source: Box<ToolError>,
    },
    /// A cluster of the name is there, and it is not this run's.
    #[error("a kind cluster `{name}` is there already, and this run did not make it")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// The cluster could not be made.
    #[error("cannot create the kind cluster `{name}`{}", because(.reason))]
    Create {
        /// Its name.
        name: String,
        /// The reason as the node told it; empty when nothing was found beside the tool's own words.
        reason: String,
        /// What to do about it; empty when the reason is unknown.
        cure: String,
        /// What kind said.
        source: Box<ToolError>,
    },
    /// The nodes did not become Ready.
    #[error("the nodes of `{name}` did not become Ready")]
    NotReady {
        /// The cluster.
        name: String,
        /// Why.
        source: WaitError,
    },
    /// A cluster that was used holds more than it did before.
    #[error("the cluster `{name}` is not as it was")]
    NotClean {
        /// The cluster.
        name: String,
        /// What is there too many.
        source: WaitError,
    },
    /// A cluster is about to be removed that does not carry this run's label.
    #[error("the cluster `{name}` does not carry the label of run {run}, so it is left alone")]
    NotOurs {
        /// The cluster.
        name: String,
        /// This run.
        run: String,
    },
    /// The API server of a cluster that should be there does not answer.
    #[error("the cluster `{name}` does not answer")]
    Silent {
        /// The context.
        name: String,
        /// Why.
        source: ApiError,
    },
    /// Images cannot be given to nodes that nobody can reach.
    #[error("images cannot be loaded into the nodes of `{name}`: it was there before this run")]
    TakesNoArchive {
        /// The context.
        name: String,
    },
    /// A provider that is not of this crate did not do its part.
    #[error("cannot {what}: {why}")]
    Provider {
        /// What it was to do.
        what: String,
        /// Why it did not.
        why: String,
        /// What to do about it.
        hint: String,
    },
    /// The run's folder cannot be written.
    #[error("cannot write {}", .path.display())]
    Folder {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The API server did not do as asked.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl Explained for ClusterError {
    fn kind(&self) -> FailureKind {
        let cause = match self {
            Self::Setting { .. } => return FailureKind::BadInput,
            Self::Api(source) if source.kind() == FailureKind::BadInput => return FailureKind::BadInput,
            Self::Tool { source, .. } | Self::DockerSilent(source) => source.kind(),
            Self::UnknownVersion { source, .. } | Self::Create { source, .. } => source.kind(),
            Self::NotReady { source, .. } | Self::NotClean { source, .. } => source.kind(),
            Self::Silent { source, .. } | Self::Api(source) => source.kind(),
            _ => FailureKind::InvalidEnvironment,
        };
        if cause == FailureKind::Interrupted { cause } else { FailureKind::InvalidEnvironment }
    }

    fn hint(&self) -> String {
        match self {
            Self::Setting { .. } => "correct the setting".to_owned(),
            Self::Tool { source, .. } => source.hint(),
            Self::DockerSilent(_) => "start docker, and check that this user may use it: `docker version`".to_owned(),
            Self::NetworkWithoutIpv6 => {
                "remove the network when no cluster uses it, kind makes a new one: `docker network rm kind`".to_owned()
            }
            Self::UnknownVersion { local, .. } if !local.is_empty() => {
                "ask for one of the versions that are here, or name an image with --node-image".to_owned()
            }
            Self::UnknownVersion { .. } => {
                "see https://github.com/kubernetes-sigs/kind/releases for node images".to_owned()
            }
            Self::NameTaken { name } => {
                format!("choose another name, or remove it when nobody needs it: `kind delete cluster --name {name}`")
            }
            Self::Create { cure, source, .. } if cure.is_empty() => source.hint(),
            Self::Create { cure, .. } => cure.clone(),
            Self::NotReady { .. } => {
                "look at the node's conditions and the kubelet's journal (run with --keep)".to_owned()
            }
            Self::NotClean { .. } => "remove what is named, or use another cluster".to_owned(),
            Self::NotOurs { .. } => "remove it by hand if it is not needed".to_owned(),
            Self::Silent { .. } => "check the kubeconfig, the context, and that the cluster runs".to_owned(),
            Self::TakesNoArchive { .. } => {
                "write the image with `dualproof image export FILE`, push it to a registry that the cluster \
                pulls from, and name it with --agent-image"
                    .to_owned()
            }
            Self::Provider { hint, .. } => hint.clone(),
            Self::Folder { .. } => "check that the folder is there, writable and not full".to_owned(),
            Self::Api(error) => error.hint(),
        }
    }
}

fn listed(items: &[String]) -> String {
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(" ({reason})") }
}
