//! Probes: a scenario's calls, made by exec in its client's container.
//!
//! A call is repeated for convergence only, and its last attempt is the evidence. Nothing here judges.

mod call;
mod run;

pub use call::{ClientSelector, Probe};
pub use run::{call_all, client_pod};
