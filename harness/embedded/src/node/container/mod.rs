//! One container: what it runs, in which environment, and how it is kept running.

mod place;

mod words;

mod process;

mod ready;

mod life;

pub(in crate::node) use life::{Container, Exit, Report, Restart, What};
pub(in crate::node) use place::{Place, Surroundings, Tools};
pub use process::Log;
pub(in crate::node) use process::{Order, is_own_proc, spawn};
pub(in crate::node) use words::find;
