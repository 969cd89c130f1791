//! Tools: the only place that starts child processes.
//!
//! Each child gets its own process group, a deadline and captured output. On the deadline, on cancellation and when
//! its future is dropped the whole group is killed, grandchildren included. Output goes through unnamed files, not
//! pipes: a grandchild that outlives the tool and keeps them open cannot make the harness hang.

mod error;
mod invocation;
mod run;

pub use error::ToolError;
pub use invocation::{Invocation, Output};
pub use run::{find, run, transcript};
