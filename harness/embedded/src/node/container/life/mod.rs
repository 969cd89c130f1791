//! A container from its start to its end, again and again.

mod report;

mod redirect;
mod start;

mod run;

pub(in crate::node) use report::{Exit, Report, What};
pub(in crate::node) use run::{Container, Restart};
