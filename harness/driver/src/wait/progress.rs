//! One look at a condition, and the clockwork that all waits share.

use std::time::Duration;

use dualproof_model::evidence::Wait;
use tokio::time::Instant;

use super::WaitError;
use crate::context::RunContext;

/// What one look at a condition found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress<T> {
    /// The condition holds, with what was waited for. A final failure is a `Done(Err(..))`.
    Done(T),
    /// Not yet, with the status for people.
    NotYet(String),
}

/// A wait under way: it writes itself into the log when it is dropped, however it ends.
pub(super) struct Running<'a> {
    context: &'a RunContext,
    condition: String,
    limit: Duration,
    began: Instant,
    last_status: String,
    pace: Pace,
}

impl<'a> Running<'a> {
    pub(super) fn begin(context: &'a RunContext, condition: &str, limit: Duration) -> Self {
        Self {
            context,
            condition: condition.to_owned(),
            limit,
            began: Instant::now(),
            last_status: "nothing yet".to_owned(),
            pace: Pace::default(),
        }
    }

    pub(super) fn saw(&mut self, status: impl Into<String>) {
        self.last_status = status.into();
    }

    /// Lets something happen, inside the budget and while the run goes on.
    pub(super) async fn step<T>(&self, something: impl Future<Output = T>) -> Result<T, WaitError> {
        tokio::select! {
            biased;
            () = self.context.cancel.cancelled() => Err(WaitError::Cancelled {
                condition: self.condition.clone(),
                last_status: self.last_status.clone(),
            }),
            result = tokio::time::timeout_at(self.began + self.limit, something) => {
                result.map_err(|_| WaitError::Deadline {
                    condition: self.condition.clone(),
                    limit: self.limit,
                    last_status: self.last_status.clone(),
                })
            }
        }
    }

    /// Lets time pass before the next look: 100 ms, growing to 500 ms.
    pub(super) async fn pause(&mut self) -> Result<(), WaitError> {
        let pause = self.pace.next();
        #[expect(clippy::disallowed_methods, reason = "this is the one place that lets time pass")]
        self.step(tokio::time::sleep(pause)).await
    }

    pub(super) fn refused(&self, why: String) -> WaitError {
        WaitError::Refused { condition: self.condition.clone(), why }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.context.waits.record(Wait {
            condition: std::mem::take(&mut self.condition),
            millis: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            last_status: std::mem::take(&mut self.last_status),
        });
    }
}

struct Pace(Duration);

impl Pace {
    const LONGEST: Duration = Duration::from_millis(500);

    fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 3 / 2).min(Self::LONGEST);
        pause
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self(Duration::from_millis(100))
    }
}
