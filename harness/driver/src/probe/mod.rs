//! Probes: a scenario's calls, made by exec in its client's container: one exec a call where a sample calls, one exec for all
//! calls of the matrix where the agent does.
//!
//! A call is repeated for convergence only, and its last attempt is the evidence. Nothing here judges.

mod ask;
mod call;
mod run;
mod share;
mod way;

pub use ask::{CellAsk, ask_all, ask_together, lost_all};
pub use call::{ClientSelector, Probe};
pub use run::{call_all, client_pod};
pub use share::Share;
pub use way::Way;
