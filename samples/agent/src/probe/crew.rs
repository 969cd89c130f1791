//! Makes many calls at the same time.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use dualproof_wire::Ask;
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{self, Sender};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{ProbeError, call, own_port, reports};
use crate::lookup::Search;

/// How many reports may wait to be written before calls wait for them.
const WAITING: usize = 1024;

/// How long a call goes on before it counts as one that only waits: who answers at all has mostly done so by then.
const QUIET: Duration = Duration::from_millis(100);

/// How calls are made.
#[derive(Clone, Debug)]
pub struct Crew {
    /// How many calls are made at the same time.
    pub concurrency: NonZeroUsize,
    /// How many more may be under way that wait, because they have gone on for a tenth of a second: calls that are lost cost nobody's
    /// processor, and one after the other they would cost a deadline each.
    pub waiting: usize,
    /// How many threads make them; each has a runtime of its own, which costs less than sharing one.
    pub threads: NonZeroUsize,
    /// Where calls with a port of their own begin to count through the ports; any number will do.
    pub turn: u64,
    /// How names are looked up.
    pub search: Option<Search>,
}

/// What the threads share.
struct Work {
    asks: Vec<Ask>,
    next: AtomicUsize,
    waiting: Arc<Semaphore>,
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
    own_port::begin(crew.turn);
    // More than there are calls is as good as so many.
    let waiting = Arc::new(Semaphore::new(crew.waiting.min(asks.len())));
    let work = Arc::new(Work { asks, next: AtomicUsize::new(0), waiting, search: crew.search.clone() });
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

/// Makes the next call when the one before has ended, or only waits and there is room for one more that does.
async fn one_after_another(work: Arc<Work>, reports: Sender<Vec<u8>>) -> Result<(), ProbeError> {
    let mut waiting = JoinSet::new();
    loop {
        let number = work.next.fetch_add(1, Ordering::Relaxed);
        if number >= work.asks.len() || reports.is_closed() {
            break;
        }
        let mut one = Box::pin(one(Arc::clone(&work), number, reports.clone()));
        match timeout(QUIET, &mut one).await {
            Ok(ended) => ended?,
            Err(_) => match Arc::clone(&work.waiting).try_acquire_owned() {
                Ok(room) => {
                    waiting.spawn(async move {
                        let ended = one.await;
                        drop(room);
                        ended
                    });
                }
                Err(_) => one.await?,
            },
        }
    }
    while let Some(ended) = waiting.join_next().await {
        ended.unwrap_or(Err(ProbeError::Thread))?;
    }
    Ok(())
}

/// Makes one call and hands its report on.
async fn one(work: Arc<Work>, number: usize, reports: Sender<Vec<u8>>) -> Result<(), ProbeError> {
    let Some(ask) = work.asks.get(number) else { return Ok(()) };
    let report = call(ask, work.search.as_ref()).await;
    let mut line = serde_json::to_vec(&report).map_err(|error| ProbeError::Write { source: io::Error::from(error) })?;
    line.push(b'\n');
    // The writer says why it has ended.
    drop(reports.send(line).await);
    Ok(())
}
