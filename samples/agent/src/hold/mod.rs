//! Steady calls over a time, and what was lost meanwhile.

mod count;

mod steady;

pub use steady::{Pace, hold};
