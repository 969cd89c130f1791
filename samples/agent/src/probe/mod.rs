//! The prober: calls from standard input, made at the same time, each with its own deadline and its own report.

mod asks;
mod error;

mod call;
mod exchange;
mod outcome;
mod own_port;

mod crew;
mod reports;

pub use asks::{needs_names, read};
pub use call::call;
pub use crew::{Crew, make};
pub use error::ProbeError;
