//! The lease of a run: what says that it lives, and what it made.
//!
//! A run's folder holds `lease`, a file that the living process keeps locked (flock: the kernel lets go of it however the
//! process ends), and `run.yaml`, the [`Journal`], amended before each thing is made. Beside that every living run has a
//! [`Beacon`], so that it is known to be alive also to those who look into another state folder.

mod beacon;
mod error;
mod journal;
mod lock;
mod run_folder;
mod run_id;

pub use beacon::Beacon;
pub use error::LeaseError;
pub use journal::{Journal, JournalFile, Made};
pub use lock::{LEASE, Lease};
pub use run_folder::{DRAFT_PREFIX, RunFolder, runs_in};
pub use run_id::RunId;
