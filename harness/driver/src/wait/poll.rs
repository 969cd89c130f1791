//! Waits for what cannot be watched: ask, pause, ask again.

use std::time::Duration;

use super::progress::Running;
use super::{Progress, WaitError};
use crate::context::RunContext;

/// Asks `look` until it says [`Progress::Done`], with pauses of 100 ms growing to 500 ms.
///
/// A look that hangs is ended by the budget. `name` is the condition as people read it: `two proxies synced`.
///
/// # Errors
/// [`WaitError::Deadline`] with the status last seen, [`WaitError::Cancelled`]. `NotYet` is no error while the budget lasts.
pub async fn until<T, F: Future<Output = Progress<T>>>(
    context: &RunContext,
    name: &str,
    limit: Duration,
    mut look: impl FnMut() -> F,
) -> Result<T, WaitError> {
    let mut running = Running::begin(context, name, limit);
    loop {
        match running.step(look()).await? {
            Progress::Done(value) => {
                running.saw("done");
                return Ok(value);
            }
            Progress::NotYet(status) => running.saw(status),
        }
        running.pause().await?;
    }
}

/// Asks `look` until it has given `n` equal answers in a row; another answer, or `NotYet`, begins the count anew.
///
/// `n` below 2 asks for one answer.
///
/// # Errors
/// As [`until`].
pub async fn consecutive<T: PartialEq, F: Future<Output = Progress<T>>>(
    context: &RunContext,
    name: &str,
    limit: Duration,
    n: u32,
    mut look: impl FnMut() -> F,
) -> Result<T, WaitError> {
    let mut running = Running::begin(context, name, limit);
    let mut last: Option<(T, u32)> = None;
    loop {
        match running.step(look()).await? {
            Progress::Done(value) => {
                let count = match &last {
                    Some((before, count)) if *before == value => count + 1,
                    _ => 1,
                };
                running.saw(format!("{count} of {n} equal answers in a row"));
                if count >= n {
                    return Ok(value);
                }
                last = Some((value, count));
            }
            Progress::NotYet(status) => {
                running.saw(status);
                last = None;
            }
        }
        running.pause().await?;
    }
}
