//! Which way a call took: the client's socket, the lines of the proxies' access logs and the server's answer, chained by
//! socket addresses.
//!
//! A path is proven when exactly one chain fits from the client's socket to the application's, and no other call lays claim
//! to a line of it. Time never decides: the clocks of harness and proxies need not agree. Where logs cannot be had, counters prove
//! what they can, and say so.

mod chain;
mod counters;
mod dialled;
mod lines;
mod proof;
mod prove;
mod renumbered;
mod stray;

pub use counters::{Counted, count};
pub use dialled::{Dialled, Translation};
pub use proof::{Facts, Hop, Identity, Leg, Path, Proof, Side};
pub use prove::prove;
pub use stray::{Stray, strays};
