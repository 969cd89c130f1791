//! Why there is no image, or not the right one.

use std::io;
use std::path::PathBuf;

use dualproof_agent_image::ElfError;
use dualproof_model::evidence::FailureKind;

use crate::api::ApiError;
use crate::trouble::Explained;

/// An image that could not be made, written, read or recognised.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The binary would not run with nothing beside it.
    #[error("no image can be made of the binary")]
    Binary(#[source] ElfError),
    /// The archive could not be put together.
    #[error("cannot put the image's archive together")]
    Assemble(#[source] io::Error),
    /// A file is there that was not to be replaced.
    #[error("{} is there already", .path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// What is there is no file.
    #[error("{} is no regular file", .path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("cannot write the image to {}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An archive cannot be opened.
    #[error("cannot read the image archive {}", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An archive is not one that can be used.
    #[error("{} cannot be the agent's image: {why}", .path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A name that no image can have, and no file.
    #[error("`{given}` is neither a file nor the name of an image")]
    Name {
        /// What was given.
        given: String,
    },
    /// A container runs an image that is not the expected one.
    #[error("{container} of {pod} runs {seen}, not {expected} ({reference})")]
    Another {
        /// Its namespace and name.
        pod: String,
        /// The container.
        container: String,
        /// The name of the image that was asked for.
        reference: String,
        /// The digest that was expected.
        expected: String,
        /// What the status shows.
        seen: String,
    },
    /// A container's status does not say which image it runs.
    #[error("the status of {pod} does not say which image {container} runs")]
    NotShown {
        /// Its namespace and name.
        pod: String,
        /// The container.
        container: String,
    },
    /// The pods of a namespace cannot be listed, so that nobody knows what they run.
    #[error("cannot see which image the pods of {namespace} run")]
    Pods {
        /// The namespace.
        namespace: String,
        /// Why.
        source: ApiError,
    },
}

impl Explained for ImageError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Exists { .. }
            | Self::NotAFile { .. }
            | Self::Open { .. }
            | Self::Archive { .. }
            | Self::Name { .. } => FailureKind::BadInput,
            Self::Binary(_) | Self::Assemble(_) | Self::Write { .. } | Self::Another { .. } => {
                FailureKind::InvalidEnvironment
            }
            Self::Pods { source, .. } => source.kind(),
            Self::NotShown { .. } => FailureKind::Inconclusive,
        }
    }

    fn hint(&self) -> String {
        let hint = match self {
            Self::Binary(_) => "build dualproof with DUALPROOF_AGENT_BINARY=FILE, a static Linux binary of the agent",
            Self::Assemble(_) => "report this as a bug of dualproof",
            Self::Exists { .. } => "give another file, or --force to replace it",
            Self::NotAFile { .. } => "give the name of a file",
            Self::Write { .. } => "check that the folder is there, writable and not full",
            Self::Open { .. } => "give a file that is there and can be read, or the name of an image",
            Self::Archive { .. } => {
                "make one with `dualproof image export FILE`, or with `skopeo copy docker://NAME oci-archive:FILE:NAME`"
            }
            Self::Name { .. } => "give an archive's file, or a name such as registry.example/dualproof/agent:1",
            Self::Another { .. } => {
                "remove the other image from the nodes or the registry, or name the wanted one with --agent-image NAME@DIGEST"
            }
            Self::Pods { source, .. } => return source.hint(),
            Self::NotShown { .. } => "look at the pod: its container may not have started",
        };
        hint.to_owned()
    }
}
