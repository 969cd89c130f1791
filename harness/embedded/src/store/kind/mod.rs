//! Kinds: what the API serves, and what their objects may hold.

mod builtin;
mod definition;
mod mesh;
mod strict;

pub use builtin::builtin;
pub use definition::{Kind, resource};
pub use mesh::istio;
pub use strict::{Decoded, Unknown, decode};
