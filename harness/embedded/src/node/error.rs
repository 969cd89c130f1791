//! Why nodes do not come up.

use std::io;
use std::path::PathBuf;

use dualproof_netns::NetnsError;

use crate::dns::DnsError;
use crate::store::Refusal;

/// An error of the nodes.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The settings cannot be.
    #[error("{what}")]
    Settings {
        /// What is wrong.
        what: String,
    },
    /// A file of the nodes cannot be written.
    #[error("cannot write {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder's file system lets no program run.
    #[error("cannot start programs from {}", path.display())]
    NoPrograms {
        /// The program that was tried.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The network cannot be made.
    #[error("cannot make the network of the nodes")]
    Network {
        /// Why.
        #[from]
        source: NetnsError,
    },
    /// The DNS does not start.
    #[error("cannot serve the cluster's DNS")]
    Dns {
        /// Why.
        #[from]
        source: DnsError,
    },
    /// The store does not take an object of the nodes.
    #[error("cannot register {object}")]
    Register {
        /// The object.
        object: String,
        /// Why.
        source: Refusal,
    },
}

impl NodeError {
    /// Says what to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Settings { .. } => "name one or two families, each once".to_owned(),
            Self::File { .. } => "give a folder that can be written, with room for some ten megabytes".to_owned(),
            Self::NoPrograms { .. } => {
                "name a folder on a file system that is not mounted `noexec`: `DUALPROOF_STATE=FOLDER dualproof run`"
                    .to_owned()
            }
            Self::Network { source } => source.hint(),
            Self::Dns { .. } => "look whether the addresses of kube-dns are those of the ranges of services".to_owned(),
            Self::Register { .. } => "this is a mistake in the program: please report it with the message".to_owned(),
        }
    }
}
