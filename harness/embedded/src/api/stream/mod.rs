//! Streams into pods: commands, ports, logs.

mod close;
mod exec;
mod forward;
mod log;
mod open;
mod runtime;
mod spdy;

pub(super) use open::{is_stream, open};
pub use runtime::{ExecRequest, LogRequest, Output, PodRef, Runtime, RuntimeError, Stream, Streams};
