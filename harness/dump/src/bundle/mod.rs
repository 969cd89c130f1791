//! The bundle on disk: where everything stands, writing it, reading it back.
//!
//! A bundle is a folder of plain files and `bundle.yaml`, which lists the SHA-256 of every other file. The live run writes
//! it and reads it back with [`read()`], the same as `dualproof judge` does with somebody else's.

mod access_log;
mod assemble;
#[expect(clippy::disallowed_methods, reason = "this is where files are read")]
mod check;
pub mod layout;
mod lines;
mod read;
#[expect(clippy::disallowed_methods, reason = "this is where files are written")]
mod write;

pub use read::{Bundle, read};
pub use write::Writer;
