//! Many fresh clusters against the bare Envoys: `cargo run --release -p dualproof-runner --example cells -- ENVOY [CELLS] [JOBS] [BLOCK]`, 1000, 4 and
//! 50 unless told; `../../ci/bench/README.md` has the figures.
//!
//! A cell is a cluster of its own, as `dualproof run` has it: store, API, control plane, node, mesh; in it a server and a client with a sidecar each, and
//! one call that must come back with the name of this cell's server. The peer starts the same two Envoys with the files of such a cell, waits until
//! both serve, and kills them. Both go in turns, block by block, in one process, which therefore counts the processor's time of both.

mod bare;
mod cell;
mod machine;

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dualproof_netns::confine::{Confinement, Standing, confine};

use bare::Bare;
use cell::Maker;
use machine::Machine;

/// Whatever goes wrong, in words.
type Failed = Box<dyn Error + Send + Sync>;

/// Cells that are alive at once when their memory is read.
const ALIVE: usize = 10;

/// What one side took.
#[derive(Clone, Copy, Default)]
struct Spent {
    wall: Duration,
    /// Of this process: cluster and driver.
    own: Duration,
    /// Of its children: Envoys and agents.
    children: Duration,
}

fn main() -> Result<ExitCode, Failed> {
    match confine(&Confinement { ends_with_parent: true, ..Confinement::default() })? {
        Standing::Outside { code } => return Ok(ExitCode::from(code)),
        Standing::Inside => {}
    }
    let mut words = std::env::args().skip(1);
    let envoy = PathBuf::from(words.next().ok_or("the first argument is an Envoy")?);
    let mut number = |default: usize| words.next().map_or(Ok(default), |word| word.parse());
    let (cells, jobs, block) = (number(1000)?, number(4)?.max(1), number(50)?.max(1));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let is_clean = runtime.block_on(compare(Maker::new(folder.path(), &envoy)?, cells, jobs, block))?;
    Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn compare(maker: Maker, cells: usize, jobs: usize, block: usize) -> Result<bool, Failed> {
    let maker = Arc::new(maker);
    let mut out = std::io::stdout();
    let model = maker.start().await?;
    let bare = Arc::new(Bare::like(&model, jobs)?);
    // Whatever is made once is made by now.
    maker.whole(1).await?;
    bare.round(0)?;
    let before = Machine::read()?;
    let (mut ours, mut theirs, mut done) = (Spent::default(), Spent::default(), 0);
    while done < cells {
        let count = block.min(cells - done);
        let is_ours_first = (done / block).is_multiple_of(2);
        for is_ours in [is_ours_first, !is_ours_first] {
            let (began, cpu) = (Instant::now(), machine::cpu()?);
            if is_ours {
                clusters(&maker, count, jobs).await?
            } else {
                envoys(&bare, count, jobs).await?
            };
            let side = if is_ours { &mut ours } else { &mut theirs };
            side.wall += began.elapsed();
            let now = machine::cpu()?;
            side.own += now[0].saturating_sub(cpu[0]);
            side.children += now[1].saturating_sub(cpu[1]);
        }
        done += count;
        writeln!(out, "{done:5} cells  {}", told(done, ours, theirs))?;
    }
    let after = Machine::read()?;
    let alive = alive(&maker).await?;
    writeln!(out, "{alive}")?;
    model.end().await?;
    let left = after.beyond(&before);
    writeln!(out, "left behind: {}", if left.is_empty() { "nothing" } else { left.as_str() })?;
    Ok(left.is_empty())
}

fn told(cells: usize, ours: Spent, theirs: Spent) -> String {
    let rate = |spent: Spent| cells as f64 / spent.wall.as_secs_f64();
    let each = |spent: Duration| spent.as_secs_f64() * 1000.0 / cells as f64;
    let all = |spent: Spent| each(spent.own + spent.children);
    format!(
        "clusters {:5.2} a second, {:4.0} ms CPU each, {:.0} of them of Envoys and agents   bare {:5.2} a second, {:4.0} ms CPU each   \
         rate {:.2}  CPU {:.2}",
        rate(ours),
        all(ours),
        each(ours.children),
        rate(theirs),
        all(theirs),
        rate(ours) / rate(theirs),
        all(ours) / all(theirs)
    )
}

async fn clusters(maker: &Arc<Maker>, count: usize, jobs: usize) -> Result<(), Failed> {
    let workers: Vec<_> = (0..jobs)
        .map(|job| {
            let maker = Arc::clone(maker);
            tokio::spawn(async move {
                for number in (job..count).step_by(jobs) {
                    maker.whole(number).await?;
                }
                Ok::<(), Failed>(())
            })
        })
        .collect();
    for worker in workers {
        worker.await??;
    }
    Ok(())
}

async fn envoys(bare: &Arc<Bare>, count: usize, jobs: usize) -> Result<(), Failed> {
    let workers: Vec<_> = (0..jobs)
        .map(|job| {
            let bare = Arc::clone(bare);
            tokio::task::spawn_blocking(move || (job..count).step_by(jobs).try_for_each(|_| bare.round(job)))
        })
        .collect();
    for worker in workers {
        worker.await??;
    }
    Ok(())
}

/// Tells what a sidecar's memory comes to while some twenty are alive.
async fn alive(maker: &Arc<Maker>) -> Result<String, Failed> {
    let mut cells = Vec::new();
    for _ in 0..ALIVE {
        let cell = maker.start().await?;
        cell.call().await?;
        cells.push(cell);
    }
    let sizes = machine::envoys()?;
    for cell in cells {
        cell.end().await?;
    }
    let (count, sum) = (sizes.len(), sizes.iter().sum::<u64>());
    let most = sizes.iter().max().copied().unwrap_or_default();
    let mebibytes = |kibibytes: f64| kibibytes / 1024.0;
    Ok(format!(
        "{count} live sidecars: {:.1} MiB PSS each, {:.1} at most",
        mebibytes(sum as f64 / count.max(1) as f64),
        mebibytes(most as f64)
    ))
}
