//! The cluster that needs no Docker: a process beside the run, made of this program.
//!
//! `dualproof cluster serve` is the cluster ([`served`]); [`Embedded`] is the provider that starts it and ends it. Between both are a
//! listener that is handed on, one line that says that it is ready, and the Kubernetes API.

mod ground;
mod process;
mod provider;
mod serve;
mod words;

pub(crate) use ground::ThisMachine;
pub use ground::missing;
pub(crate) use process::ask_to_end;
pub use provider::{Embedded, EmbeddedSettings};
pub use serve::served;
pub use words::Serve;
pub(crate) use words::WORDS;
