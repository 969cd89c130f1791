//! Who answered: replies are read as a server's own words and held against the cell that was called.
//!
//! A text that comes back proves nothing by itself: only an answer that names the run, the call's token, a server of the
//! cell and sockets of the right families does.

mod compare;
mod departure;
mod read;
mod weigh;

pub use compare::compare;
pub use departure::{Departure, End};
pub use read::{NotAnAnswer, Reply, read};
pub use weigh::{Weighed, weigh};
