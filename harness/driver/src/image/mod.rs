//! The agent's image, without Docker: one static binary becomes an archive that every runtime loads.
//!
//! The same binary gives the same bytes on every machine at any time, so its digests are known before anything runs, and what
//! a pod runs can be held to them. An image that the user gives instead is read and checked the same way.

mod assemble;
mod choice;
mod digest;
mod document;
mod error;
mod expect;
mod identity;
mod read;

pub use assemble::{ENTRYPOINT, Image};
pub use choice::AgentImage;
pub use error::ImageError;
pub use expect::{run_everywhere, runs_in};
pub use identity::Identity;
pub use read::read;
