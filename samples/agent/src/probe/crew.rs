//! Makes many calls at the same time.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use dualproof_wire::Ask;
use tokio::runtime::Builder;
use tokio::sync::mpsc::{self, Sender};
use tokio::task::JoinSet;

use super::{ProbeError, call, reports};
use crate::lookup::Search;

/// How many reports may wait to be written before calls wait for them.
const WAITING: usize = 1024;

/// How calls are made.
#[derive(Clone, Debug)]
pub struct Crew {
    /// How many calls are made at the same time.
    pub concurrency: NonZeroUsize,
    /// How many threads make them; each has a runtime of its own, which costs less than sharing one.
    pub threads: NonZeroUsize,
    /// How names are looked up.
    pub search: Option<Search>,
}

/// What the threads share.
struct Work {
    asks: Vec<Ask>,
    next: AtomicUsize,
    search: Option<Search>,
}

/// Makes all calls and writes a report line for each as it ends, in the order of their ends. A call's deadline begins when it is made.
///
/// # Errors
///
/// [`ProbeError::Write`] when the reports cannot be written: the calls end then; [`ProbeError::Runtime`] when a runtime does not start.
pub fn make(crew: &Crew, asks: Vec<Ask>, out: impl Write + Send) -> Result<(), ProbeError> {
    let calls = crew.concurrency.get().min(asks.len()).max(1);
    let threads = crew.threads.get().min(calls);
    let work = Arc::new(Work { asks, next: AtomicUsize::new(0), search: crew.search.clone() });
    let (sender, receiver) = mpsc::channel(WAITING);
    thread::scope(|scope| {
        let writer = scope.spawn(|| reports::write(receiver, out));
        let callers: Vec<_> = (0..threads)
            .map(|thread| {
                let share = calls / threads + usize::from(thread < calls % threads);
                let (work, sender) = (Arc::clone(&work), sender.clone());
                scope.spawn(move || man(&work, &sender, share))
            })
            .collect();
        drop(sender);
        let mut ended = Ok(());
        for caller in callers {
            ended = ended.and(caller.join().unwrap_or(Err(ProbeError::Thread)));
        }
        // Why nothing could be written says more than that callers ended early.
        writer.join().unwrap_or(Err(ProbeError::Thread)).and(ended)
    })
}

fn man(work: &Arc<Work>, reports: &Sender<Vec<u8>>, share: usize) -> Result<(), ProbeError> {
    let runtime =
        Builder::new_current_thread().enable_all().build().map_err(|source| ProbeError::Runtime { source })?;
    runtime.block_on(async {
        let mut callers = JoinSet::new();
        for _ in 0..share {
            callers.spawn(one_after_another(Arc::clone(work), reports.clone()));
        }
        let mut ended = Ok(());
        while let Some(caller) = callers.join_next().await {
            ended = ended.and(caller.unwrap_or(Err(ProbeError::Thread)));
        }
        ended
    })
}

async fn one_after_another(work: Arc<Work>, reports: Sender<Vec<u8>>) -> Result<(), ProbeError> {
    while let Some(ask) = work.asks.get(work.next.fetch_add(1, Ordering::Relaxed)) {
        let report = call(ask, work.search.as_ref()).await;
        let mut line =
            serde_json::to_vec(&report).map_err(|error| ProbeError::Write { source: io::Error::from(error) })?;
        line.push(b'\n');
        // The writer says why it has ended.
        if reports.send(line).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}
