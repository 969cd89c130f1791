//! What would keep a run from working, found before minutes are spent.
//!
//! A [`Trap`] is a known way in which a machine is not what a run needs; [`traps`] lists all of them. [`examine`] looks for
//! each through a [`Machine`] and returns what it [`Seen`]: what is there, how bad it is, and the cure. Nothing is made, pulled or
//! changed. A look that cannot tell is silent or warns; it never blocks.
//!
//! There is no trap for ports: kind is not given any (`kind.yaml` names none, so Docker takes a free one for the API server),
//! and port-forwards bind no local port.

mod examine;
mod machine;
mod subject;
mod trap;

pub use examine::examine;
pub use machine::Machine;
pub use subject::{Source, Subject};
pub use trap::{Ground, Lack, Need, Seen, Severity, Trap, traps};
