//! What every room is told about the run, and where every wait is recorded.

mod run;
mod waits;

pub use dualproof_model::evidence::RUN_LABEL;
pub use run::{FIELD_MANAGER, KEPT_LABEL, MANAGED_BY, RunContext};
pub use waits::WaitLog;
