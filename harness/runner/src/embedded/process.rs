//! The cluster's process, from outside.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::oneshot;

use super::Serve;
use super::serve::READY;

/// A cluster that runs.
#[derive(Debug)]
pub(super) struct Process {
    pid: Pid,
    ended: Option<oneshot::Receiver<()>>,
}

/// How the start of a cluster ended.
#[derive(Debug)]
pub(super) enum Started {
    /// It is there.
    Ready,
    /// It ended before.
    Ended,
}

impl Process {
    /// Starts a cluster on a listener. What it says goes into `log`. The receiver is told when it is ready, or has ended before.
    ///
    /// A thread of its own starts it and waits for its end: with `ends_with_parent` the cluster lives as long as that thread, which is as long
    /// as this process.
    pub(super) fn start(
        serve: &Serve,
        listener: TcpListener,
        log: &Path,
    ) -> io::Result<(Self, oneshot::Receiver<Started>)> {
        let log = File::create(log)?;
        #[expect(clippy::disallowed_methods, reason = "a cluster outlives the call that starts it, which no tool does")]
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(serve.arguments())
            .stdin(Stdio::from(OwnedFd::from(listener)))
            .stdout(Stdio::piped())
            .stderr(log)
            // Ctrl-C is for the run, which ends the cluster when it has collected what there is.
            .process_group(0);
        let (born, child) = channel();
        let (told, ready) = oneshot::channel();
        let (last, ended) = oneshot::channel();
        thread::Builder::new().name("cluster".to_owned()).spawn(move || {
            let started = command.spawn();
            let mut child = match started {
                Ok(child) => child,
                Err(error) => return drop(born.send(Err(error))),
            };
            drop(born.send(Ok(child.id())));
            drop(told.send(await_ready(&mut child)));
            // It was killed, or ended by itself: its log says why.
            drop(child.wait());
            let _ = last.send(());
        })?;
        let pid = child.recv().map_err(io::Error::other)??;
        let pid =
            i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or_else(|| io::Error::other("no process number"))?;
        Ok((Self { pid, ended: Some(ended) }, ready))
    }

    /// Ends it and everything in it, and waits until all of it is gone: the process that we know is the keeper
    /// ([`dualproof_netns::confine::confine`]), which ends after all others when it is asked to, and before them when it is killed.
    pub(super) async fn end(mut self) -> io::Result<()> {
        match ask_to_end(self.pid) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(ended) = self.ended.take() {
            // A sender that is gone has ended, too.
            drop(ended.await);
        }
        Ok(())
    }
}

/// Asks the keeper of a cluster to end it, also where it is stopped: then it is told when it goes on.
///
/// # Errors
/// What the kernel says: `SRCH` where it has ended.
pub(crate) fn ask_to_end(keeper: Pid) -> Result<(), rustix::io::Errno> {
    kill_process(keeper, Signal::TERM)?;
    kill_process(keeper, Signal::CONT)
}

/// Reads until the line comes or the output ends.
fn await_ready(child: &mut Child) -> Started {
    let Some(out) = child.stdout.take() else { return Started::Ended };
    let mut lines = BufReader::new(out).lines();
    if lines.any(|line| line.is_ok_and(|line| line == READY)) { Started::Ready } else { Started::Ended }
}
