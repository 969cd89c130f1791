//! What can be wrong with a dump or a bundle.

use std::io;

use dualproof_model::evidence::BUNDLE_SCHEMA;
use dualproof_model::family::AddressError;

/// A dump or a bundle is not what it should be. Every variant names the place: a path inside the bundle, or on disk where
/// the folder itself is at fault, and the JSON location where there is one.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// No bytes, or white space alone.
    #[error("{place} is empty; expected {expected}")]
    Empty {
        /// The input.
        place: String,
        /// What it should be.
        expected: &'static str,
    },
    /// Something else than what belongs there.
    #[error("{place} holds {found}; expected {expected}")]
    Foreign {
        /// The input.
        place: String,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// Envoy said 200 and wrote an error into the body (seen for an extension type that this Envoy does not know).
    #[error("{place} holds no dump but Envoy's error: {message}")]
    Envoy {
        /// The input.
        place: String,
        /// Envoy's words.
        message: String,
    },
    /// The input ends too early.
    #[error("{place} breaks off at line {line} column {column}, after {bytes} bytes; expected {expected}")]
    Truncated {
        /// The input.
        place: String,
        /// What it should be.
        expected: &'static str,
        /// The line of the end, from 1.
        line: usize,
        /// The column of the end, from 1.
        column: usize,
        /// The length of the input.
        bytes: usize,
    },
    /// No JSON, or JSON of another shape. `why` holds serde's words without its own position.
    #[error("{place} line {line} column {column}: {why}; expected {expected}")]
    Json {
        /// The input.
        place: String,
        /// What it should be.
        expected: &'static str,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong there.
        why: String,
    },
    /// A section or field that must be there is not.
    #[error("{place} has no {field}; expected {expected}")]
    Absent {
        /// The input.
        place: String,
        /// The section or field.
        field: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A text is not the address that it should be.
    #[error("{place} {field}: bad address")]
    Address {
        /// The input.
        place: String,
        /// The field, such as `items[3].spec.clusterIPs[1]`.
        field: String,
        /// Why.
        source: AddressError,
    },
    /// A value means nothing there.
    #[error("{place} {field}: `{value}` is not {expected}")]
    Value {
        /// The input.
        place: String,
        /// The field, or the line of a text.
        field: String,
        /// The value.
        value: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// The file system refused.
    #[error("cannot {doing} {place}")]
    Io {
        /// The path on disk.
        place: String,
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// A value could not be written as JSON.
    #[error("cannot write {place} as JSON")]
    EncodeJson {
        /// The path inside the bundle.
        place: String,
        /// Why.
        source: serde_json::Error,
    },
    /// The manifest could not be written as YAML.
    #[error("cannot write {place} as YAML")]
    EncodeYaml {
        /// The path inside the bundle.
        place: String,
        /// Why.
        source: serde_yaml::Error,
    },
    /// The path could lead out of the bundle, or is spelled in more than one way.
    #[error("path `{path}` does not belong into a bundle: {why}")]
    UnsafePath {
        /// The path.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The folder for a new bundle holds something else.
    #[error("{place} is not empty and not a bundle of ours: it holds `{found}`")]
    NotOurs {
        /// The folder on disk.
        place: String,
        /// The first strange entry.
        found: String,
    },
    /// There is no folder at all.
    #[error("{place} is not a folder")]
    NoFolder {
        /// The path on disk.
        place: String,
    },
    /// The folder has no `bundle.yaml`.
    #[error("{place} is missing, so the folder is not a whole bundle")]
    NoManifest {
        /// The path of `bundle.yaml` on disk.
        place: String,
    },
    /// `bundle.yaml` cannot be read.
    #[error("{place} is not a manifest of a bundle")]
    Manifest {
        /// The path on disk.
        place: String,
        /// Why, with line and column.
        source: serde_yaml::Error,
    },
    /// The bundle has another schema.
    #[error("{place} has schema `{found}`; this version reads `{BUNDLE_SCHEMA}`")]
    Schema {
        /// The path on disk.
        place: String,
        /// Its schema.
        found: String,
    },
    /// A listed file is not there.
    #[error("{place} is listed in bundle.yaml and not there")]
    Gone {
        /// The path inside the bundle.
        place: String,
    },
    /// A file is not what was written.
    #[error("{place} was changed after the bundle was written: its SHA-256 is {found}, listed is {listed}")]
    Digest {
        /// The path inside the bundle.
        place: String,
        /// The digest in `bundle.yaml`.
        listed: String,
        /// The digest of the file.
        found: String,
    },
    /// A file that the manifest does not know.
    #[error("{place} is in the folder and not listed in bundle.yaml")]
    Unlisted {
        /// The path inside the bundle.
        place: String,
    },
    /// Something that is neither file nor folder, such as a symbolic link.
    #[error("{place} is {found}; a bundle holds plain files and folders only")]
    NotPlain {
        /// The path inside the bundle.
        place: String,
        /// What it is.
        found: &'static str,
    },
    /// A file beyond what can be a bundle's.
    #[error("{place} has {size} bytes; more than {limit} are not read")]
    TooLarge {
        /// The path.
        place: String,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
}

impl DumpError {
    /// Says what to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Empty { .. } | Self::Truncated { .. } => {
                "the answer was cut off or the file was not copied whole: collect it again".to_owned()
            }
            Self::Foreign { .. } | Self::Json { .. } | Self::Value { .. } | Self::Address { .. } => {
                "check that the file is what its name says; if it is, this is a shape that dualproof does not know yet: report it with the file".to_owned()
            }
            Self::Envoy { .. } => {
                "the control plane sent a type that this Envoy does not know: use matching versions, or switch the extension off".to_owned()
            }
            Self::Absent { .. } => {
                "dump the whole configuration with `config_dump?include_eds`: a mask can leave sections empty".to_owned()
            }
            Self::Io { .. } => "check the path, its permissions and the free space".to_owned(),
            Self::EncodeJson { .. } | Self::EncodeYaml { .. } => "this is a mistake in dualproof: report it".to_owned(),
            Self::UnsafePath { .. } | Self::NotPlain { .. } => {
                "do not trust this bundle; dualproof writes relative paths to plain files only".to_owned()
            }
            Self::NotOurs { .. } => "choose an empty folder, or remove this one yourself".to_owned(),
            Self::NoFolder { .. } => "give the folder that holds bundle.yaml; unpack an archive first".to_owned(),
            Self::NoManifest { .. } => {
                "give the folder that holds bundle.yaml; where there is none, the run was killed before it wrote one: run again".to_owned()
            }
            Self::Manifest { .. } => "bundle.yaml was edited or copied in part: take it from the original bundle".to_owned(),
            Self::Schema { .. } => "judge it with the version of dualproof that wrote it, or with a newer one".to_owned(),
            Self::Gone { .. } => "copy the bundle again, whole".to_owned(),
            Self::Digest { .. } => "take the file from the original bundle: evidence that was edited proves nothing".to_owned(),
            Self::Unlisted { .. } => {
                "remove the file if you put it there; else the run was killed after its last manifest: run again".to_owned()
            }
            Self::TooLarge { .. } => "check that the file is what its name says".to_owned(),
        }
    }
}
