//! What the agent and the harness say to each other: one JSON line a request, one a report, one an answer.
//!
//! This crate is small on purpose: the agent's image changes its digest when it changes.

mod answer;
mod ask;
mod bound;
mod held;
mod own_ports;
mod report;
mod seal;
mod sockets;

pub use answer::{Answer, Bind, Protocol};
pub use ask::{Ask, Destination, Records};
pub use bound::{Bound, Service};
pub use held::Held;
pub use own_ports::{OWN_PORTS, own_port};
pub use report::{Attempt, Outcome, Report, Resolution, ResolutionOutcome};
pub use seal::{SealError, seal, unseal};
pub use sockets::Sockets;
