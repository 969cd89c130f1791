//! Waits: the only place that lets time pass.
//!
//! Every wait has a name, a budget and a status that it saw last; all three are in its error and in the [`WaitLog`](crate::context::WaitLog).
//! Watch what can be watched ([`watch_until`]), ask again what cannot ([`until`]), and ask for `n` equal answers in a
//! row where a system converges ([`consecutive`]).

mod clock;
mod error;
mod poll;
mod progress;
mod watch;

pub use clock::Clocks;
pub use error::WaitError;
pub use poll::{consecutive, until};
pub use progress::Progress;
pub use watch::watch_until;
