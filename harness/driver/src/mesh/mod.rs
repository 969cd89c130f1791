//! Meshes: what is installed, waited for and read, whatever its name.
//!
//! [`Mesh`] is the whole contract. A new mesh is one file or folder here that implements it, and one line in
//! [`choose`](choose()). Every failure is a [`MeshError`]; none of them is a verdict.

mod choose;
mod contract;
mod error;
mod istio;

mod embedded;
mod none;

pub use choose::choose;
pub use contract::{Counters, Input, Installed, Mesh, MeshSettings, MeshVersions, Prepared};
pub use error::{Found, Looked, MeshError};
pub use istio::{DownloadError, RELEASES, archive_name, download, render_operator};
