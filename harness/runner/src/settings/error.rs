//! What can be wrong with settings.

use dualproof_model::family::{FamilyOrder, FamilyOrderError};
use dualproof_model::plan::{MeshKind, ProviderKind, SelectorError, TimeoutError, UnknownWord};
use dualproof_model::spec::{MeshVersionError, SpecError};

use super::resolved::{MAXIMUM_JOBS, MAXIMUM_NODES, MAXIMUM_REPEATS};

/// A setting does not fit. All of these are bad input: exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The settings file cannot be read.
    #[error("cannot read the settings file {file}")]
    Read {
        /// The file, as given.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The settings file has a mistake.
    #[error(transparent)]
    File(#[from] SpecError),
    /// A selector.
    #[error(transparent)]
    Selector(#[from] SelectorError),
    /// The order of families.
    #[error(transparent)]
    Order(#[from] FamilyOrderError),
    /// A cluster of one family, from a provider that makes clusters of two.
    #[error("--order {order} on --provider {provider}: only embedded clusters are made with one family")]
    OneFamily {
        /// The order.
        order: FamilyOrder,
        /// The provider.
        provider: ProviderKind,
    },
    /// A word for provider or mesh.
    #[error(transparent)]
    Word(#[from] UnknownWord),
    /// The mesh's version.
    #[error("--mesh-version")]
    MeshVersion(#[from] MeshVersionError),
    /// A budget.
    #[error(transparent)]
    Timeout(#[from] TimeoutError),
    /// A mesh that the provider's clusters cannot have.
    #[error(
        "--mesh {mesh} on --provider {provider}: embedded clusters have the embedded mesh, others Istio; any may have none"
    )]
    MeshOfProvider {
        /// The mesh.
        mesh: MeshKind,
        /// The provider.
        provider: ProviderKind,
    },
    /// The number of nodes.
    #[error("--nodes {0}: allowed are 1 to {MAXIMUM_NODES}")]
    Nodes(u8),
    /// The number of readings.
    #[error("--repeat {0}: allowed are 1 to {MAXIMUM_REPEATS}")]
    Repeat(u32),
    /// The number of cells at once.
    #[error("--jobs {0}: allowed are 1 to {MAXIMUM_JOBS}")]
    Jobs(u32),
    /// Cells at once on one cluster would take each other's namespaces and mesh.
    #[error("--jobs above 1 needs a kind cluster for each cell: leave out --provider existing and --cluster-name")]
    JobsShare,
    /// One cell would be run twice.
    #[error("{flag} `{value}` is given twice")]
    Twice {
        /// The flag.
        flag: &'static str,
        /// The value.
        value: String,
    },
    /// `--reuse` without a cluster that is there.
    #[error("--reuse needs --provider existing: a kind cluster that the run makes holds nothing yet")]
    ReuseNeedsExisting,
}
