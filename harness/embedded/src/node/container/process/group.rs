//! Programs in namespaces, each with a process group of its own.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use dualproof_netns::Namespace;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::process::{Child, Command};

/// How long the threads of a program that has ended may take to let go of what they had.
const LETTING_GO: Duration = Duration::from_millis(10);

/// What to start.
#[derive(Clone, Debug, Default)]
pub(in crate::node) struct Order {
    /// The program: an absolute path.
    pub(in crate::node) program: PathBuf,
    /// Its arguments.
    pub(in crate::node) args: Vec<OsString>,
    /// Its whole environment.
    pub(in crate::node) environment: Vec<(OsString, OsString)>,
    /// The folder it starts in.
    pub(in crate::node) folder: PathBuf,
}

/// A program that was started, and its process group. When it is dropped, the whole group is killed.
#[derive(Debug)]
pub(in crate::node) struct Group {
    /// The program.
    pub(in crate::node) child: Child,
    leader: Option<Pid>,
    is_left_alone: bool,
}

impl Group {
    /// Sends a signal to all of them. Those that are gone need none.
    pub(in crate::node) fn signal(&self, signal: Signal) {
        if let Some(leader) = self.leader {
            let _is_there = kill_process_group(leader, signal).is_ok();
        }
    }

    /// Waits until the program has ended and its threads have let go of what they had, for a program that has many. [`Group::wait`] comes next.
    ///
    /// The kernel tells of the end while the last thread still clears its entries in `/proc`, and who takes the process out of the table then
    /// spins until it has (Linux `kernel/exit.c` `release_task`, `fs/dcache.c` `shrink_dcache_parent`): some 30 ms of processor time for an Envoy,
    /// none a moment later.
    pub(in crate::node) async fn settled(&self) {
        let Some(child) = self.leader.filter(|_| self.child.id().is_some()) else { return };
        let Ok(handle) = pidfd_open(child, PidfdFlags::NONBLOCK) else { return };
        #[expect(
            deprecated,
            reason = "unsound for types that may close their descriptor meanwhile, which an OwnedFd does not"
        )]
        let Ok(handle) = AsyncFd::with_interest(handle, Interest::READABLE) else { return };
        if handle.readable().await.is_ok() {
            #[expect(clippy::disallowed_methods, reason = "the kernel does not tell when the last thread is done")]
            tokio::time::sleep(LETTING_GO).await;
        }
    }

    /// Waits for the program, and returns its exit code: 128 and the signal where one ended it.
    pub(in crate::node) async fn wait(&mut self) -> i32 {
        let status = self.child.wait().await;
        status.map_or(255, |status| status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default()))
    }

    /// Lets those of the group that live on do so.
    pub(in crate::node) fn leave(mut self) {
        self.is_left_alone = true;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.is_left_alone {
            self.signal(Signal::KILL);
        }
    }
}

/// Starts a program inside a namespace, with these streams.
pub(in crate::node) async fn spawn(namespace: &Arc<Namespace>, order: Order, streams: [Stdio; 3]) -> io::Result<Group> {
    let namespace = Arc::clone(namespace);
    let runtime = tokio::runtime::Handle::current();
    let start = move || {
        let started = namespace.run(move || {
            let _entered = runtime.enter();
            let [stdin, stdout, stderr] = streams;
            let mut command = Command::new(&order.program);
            command.args(&order.args).env_clear().envs(order.environment).current_dir(&order.folder);
            command.stdin(stdin).stdout(stdout).stderr(stderr).process_group(0).kill_on_drop(true);
            command.spawn()
        });
        started.map_err(io::Error::other)?
    };
    // The namespace's thread may be busy, and a program takes a moment to start.
    let child = tokio::task::spawn_blocking(start).await.map_err(io::Error::other)??;
    let leader = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    Ok(Group { child, leader, is_left_alone: false })
}

/// Tells whether `/proc` numbers processes as we do: where it could not be mounted anew, it numbers them as outside.
pub(in crate::node) fn is_own_proc() -> bool {
    let told = std::fs::read_link("/proc/self");
    told.is_ok_and(|told| told.to_str() == Some(std::process::id().to_string().as_str()))
}
