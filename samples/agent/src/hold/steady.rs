//! Repeats calls at a steady rate.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dualproof_wire::{Ask, Held};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior};

use super::count::Count;
use crate::lookup::Search;
use crate::probe::call;

/// How long, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long calls are made.
    pub time: Duration,
    /// The time from one call of an ask to its next.
    pub period: Duration,
}

/// Repeats each ask at the pace, all at the same time, and waits for the last ones to end. Repeats do not wait for each other; one
/// that could not be made in time because the machine was busy is left out, and `sent` says so.
///
/// # Errors
///
/// When the runtime does not start. Calls that fail are counted.
pub fn hold(asks: Vec<Ask>, search: Option<Search>, pace: Pace) -> io::Result<Vec<Held>> {
    let search = Arc::new(search);
    Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut holders = JoinSet::new();
        for (place, ask) in asks.into_iter().enumerate() {
            let search = Arc::clone(&search);
            holders.spawn(async move { (place, one(ask, search, pace).await) });
        }
        let mut held: Vec<(usize, Held)> = holders.join_all().await;
        held.sort_by_key(|(place, _)| *place);
        Ok(held.into_iter().map(|(_, held)| held).collect())
    })
}

async fn one(ask: Ask, search: Arc<Option<Search>>, pace: Pace) -> Held {
    let began = Instant::now();
    let until = began + pace.time;
    let mut count = Count::new(began);
    let mut ticks = ticks(pace.period);
    let mut calls = JoinSet::new();
    loop {
        tokio::select! {
            _ = ticks.tick(), if Instant::now() < until => {
                if Instant::now() < until {
                    calls.spawn(repeat(ask.clone(), count.send(), Arc::clone(&search)));
                }
            }
            Some(Ok((token, outcome, at))) = calls.join_next() => count.end(&token, &outcome, at),
            else => break,
        }
    }
    count.held(&ask.id, until)
}

async fn repeat(mut ask: Ask, number: u64, search: Arc<Option<Search>>) -> (String, dualproof_wire::Outcome, Instant) {
    ask.token = format!("{}-{number}", ask.token);
    let report = call(&ask, search.as_ref().as_ref()).await;
    (ask.token, report.outcome, Instant::now())
}

#[expect(clippy::disallowed_methods, reason = "a steady pace is what this room is about")]
fn ticks(period: Duration) -> Interval {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks
}
