//! Why no name can be looked up.

use std::path::PathBuf;

/// A resolver's configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The file cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line says something that is no value of its kind.
    #[error("{}:{line}: {what}", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// The file names no resolver.
    #[error("{} names no resolver", .path.display())]
    NoResolver {
        /// The file.
        path: PathBuf,
    },
}

impl LookupError {
    /// Says what to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        "name another file with --resolv-conf".to_owned()
    }
}
