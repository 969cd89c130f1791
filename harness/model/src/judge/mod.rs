//! The judge: a pure function from a bundle and rules to a report. There is no second implementation of a check.

mod bench;
mod conclude;
mod orders;
mod verdicts;

pub use bench::{Rules, shapes};
pub use orders::{Across, FAMILY_ORDER_MATRIX, family_orders};
pub use verdicts::{judge, refused};
