//! The judge: a pure function from a bundle and rules to a report. There is no second implementation of a check.

mod bench;
mod conclude;
mod verdicts;

pub use bench::Rules;
pub use verdicts::{judge, refused};
