//! The time of day beside a clock that cannot jump.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// How far both may go apart: a clock that is steered towards the right time goes at most 0.05 % faster or slower (adjtimex(2)), and
/// both are not read in one instant.
const TOLERANCE: i64 = 5;

/// Both clocks, from one moment on.
#[derive(Clone, Copy, Debug)]
pub struct Clocks {
    day: Timestamp,
    steady: Instant,
}

impl Clocks {
    /// Reads both.
    #[must_use]
    pub fn start() -> Self {
        Self { day: now(), steady: Instant::now() }
    }

    /// Returns the seconds by which the time of day was set since, below 0 when it was set back; `None` when it only went on.
    #[must_use]
    pub fn jump(&self) -> Option<i64> {
        apart(now().duration_since(self.day), self.steady.elapsed())
    }
}

#[expect(clippy::disallowed_methods, reason = "the time of day is what is looked at")]
fn now() -> Timestamp {
    Timestamp::now()
}

fn apart(day: SignedDuration, steady: Duration) -> Option<i64> {
    let seconds = day.as_secs() - i64::try_from(steady.as_secs()).unwrap_or(i64::MAX);
    (seconds.abs() > TOLERANCE).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_was_set_is_told_from_one_that_went_on() {
        let apart = |day, steady| apart(SignedDuration::from_secs(day), Duration::from_secs(steady));
        assert_eq!((apart(0, 0), apart(60, 60), apart(63, 60), apart(57, 60)), (None, None, None, None));
        assert_eq!((apart(660, 60), apart(-540, 60)), (Some(600), Some(-600)));
    }

    #[test]
    fn clocks_that_were_just_read_did_not_jump() {
        assert_eq!(Clocks::start().jump(), None);
    }
}
