//! What the keeper does.

use std::process::ExitStatus;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal};

use super::stage::Stage;
use crate::NetnsError;

/// Starts the first process and waits until it has ended; `SIGTERM` ends it.
///
/// The kernel lets the first process of a process namespace end only when no other process is left in it
/// (torvalds/linux:kernel/pid_namespace.c `zap_pid_ns_processes`), so that nothing inside goes on when this returns.
///
/// # Errors
/// Where the first process cannot be started, or the kernel does not let us wait.
pub(super) fn keep(first: Stage) -> Result<ExitStatus, NetnsError> {
    let awaited = awaited();
    // Before there is a child: its end, or a word to end it, stays pending then and is not lost between a look and the wait.
    awaited.thread_block().map_err(|errno| waiting(errno.into()))?;
    let mut child = match first.start() {
        Ok(child) => child,
        Err(error) => {
            be_told_again()?;
            return Err(error);
        }
    };
    loop {
        if let Some(status) = child.try_wait().map_err(waiting)? {
            return Ok(status);
        }
        if awaited.wait().map_err(|errno| waiting(errno.into()))? == Signal::SIGTERM {
            child.kill().map_err(waiting)?;
        }
    }
}

/// Lets the signals through that the keeper has blocked: its children inherit that.
///
/// # Errors
/// Where the kernel refuses, which it has no reason to do.
pub(super) fn be_told_again() -> Result<(), NetnsError> {
    awaited().thread_unblock().map_err(|errno: Errno| waiting(errno.into()))
}

fn awaited() -> SigSet {
    [Signal::SIGCHLD, Signal::SIGTERM].into_iter().collect()
}

fn waiting(source: std::io::Error) -> NetnsError {
    NetnsError::System { action: "wait for the first process inside".to_owned(), source }
}
