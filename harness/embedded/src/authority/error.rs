//! Why a certificate could not be made or handed over.

use std::path::PathBuf;

/// A certificate that does not exist, or a file that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A part of a SPIFFE name is not allowed there.
    #[error("`{value}` cannot be the {part} of a SPIFFE name")]
    Identity {
        /// `trust domain`, `namespace` or `service account`.
        part: &'static str,
        /// The value.
        value: String,
    },
    /// The certificate could not be made.
    #[error("cannot make the certificate of {subject}")]
    Certificate {
        /// Whose.
        subject: String,
        /// What the library said.
        source: rcgen::Error,
    },
    /// The clock is so far off that no period of validity can be written.
    #[error("the system's clock stands outside the years that a certificate can name")]
    Clock,
    /// A file for Envoy could not be written.
    #[error("cannot write {}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl AuthorityError {
    /// Says what to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Identity { .. } => "use letters, digits, `-`, `_` and `.` alone".to_owned(),
            Self::Certificate { .. } => "check that the system gives random numbers".to_owned(),
            Self::Clock => "set the system's clock".to_owned(),
            Self::Write { .. } => "check that the run's folder is writable and not full".to_owned(),
        }
    }
}
