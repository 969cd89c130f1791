//! One run of one cell, from nothing to a report.

mod beside;
mod driver;
mod job;
mod record;
mod repeat;
mod shutdown;
mod spine;
mod steps;

pub use driver::{CallOrder, Driver, Prepared, Workload};
pub use job::Job;
pub use record::{Recorder, SessionError, judge_bundle, tool};
pub use shutdown::watch_signals;
pub use spine::run;
