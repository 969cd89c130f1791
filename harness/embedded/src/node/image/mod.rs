//! Images: names of programs.

mod catalogue;
mod install;
mod program;

pub use catalogue::Images;
pub(in crate::node) use catalogue::shown_as;
pub(in crate::node) use install::{NAMES, install};
pub use program::{Builtin, NoProxies, Program, Proxies, Redirection};
