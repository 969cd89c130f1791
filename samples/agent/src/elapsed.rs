//! How durations are told.

use std::time::Instant;

/// Gives the time since `began` in whole microseconds.
#[must_use]
pub fn micros(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX)
}
