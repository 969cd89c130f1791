//! The peer: the Envoys of a cell without a cluster.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use dualproof_embedded::envoy::is_ready_line;
use dualproof_netns::Namespace;

use super::Failed;
use super::cell::Cell;

/// Where the Envoys of one worker run.
type Place = [Namespace; 2];

/// Starts and ends the Envoys of a cell that goes on, with its files.
pub(super) struct Bare {
    commands: [Vec<String>; 2],
    places: Vec<Mutex<Place>>,
}

impl Bare {
    /// Takes the commands of a cell's Envoys, for so many workers.
    pub(super) fn like(cell: &Cell, jobs: usize) -> Result<Self, Failed> {
        let commands =
            cell.envoys()?.try_into().map_err(|found: Vec<_>| format!("{} Envoys are no pair", found.len()))?;
        let place = |job: usize| -> Result<Mutex<Place>, Failed> {
            Ok(Mutex::new([Namespace::new(&format!("bare{job}a"))?, Namespace::new(&format!("bare{job}b"))?]))
        };
        Ok(Self { commands, places: (0..jobs).map(place).collect::<Result<_, _>>()? })
    }

    /// Starts both, waits until both serve, and ends them.
    pub(super) fn round(&self, job: usize) -> Result<(), Failed> {
        let place = self.places.get(job).ok_or("no such worker")?.lock().map_err(|_| "a worker broke")?;
        let mut children = Vec::new();
        for (command, namespace) in self.commands.iter().zip(&*place) {
            let (program, args) = command.split_first().ok_or("no command")?;
            #[expect(clippy::disallowed_methods, reason = "the peer is a bare loop, with nothing of the harness in it")]
            let mut command = Command::new(program);
            command.args(args).env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
            children.push(namespace.spawn(command)?);
        }
        children.iter_mut().try_for_each(serves)?;
        for mut child in children {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }
}

fn serves(child: &mut Child) -> Result<(), Failed> {
    let log = BufReader::new(child.stderr.take().ok_or("no log")?);
    let mut lines = log.lines().map_while(Result::ok);
    if lines.any(|line| is_ready_line(&line)) { Ok(()) } else { Err("an Envoy ended before it served".into()) }
}
