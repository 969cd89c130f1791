//! Ending whatever is left in a pod's network.

use std::fs;
use std::os::unix::fs::MetadataExt;

use dualproof_netns::Namespace;
use rustix::process::{Pid, Signal, kill_process};

use crate::node::container::is_own_proc;

/// Kills the processes that still are in a network namespace: those that left their group, and those that they started meanwhile. Does nothing where
/// `/proc` numbers processes as outside.
pub(super) fn sweep(namespace: &Namespace) {
    let Ok(own) = rustix::fs::fstat(namespace.handle()) else { return };
    if !is_own_proc() {
        return;
    }
    while kill_all(own.st_ino) > 0 {}
}

/// Kills what is there now; returns how many.
fn kill_all(network: u64) -> usize {
    let Ok(entries) = fs::read_dir("/proc") else { return 0 };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    // One that has ended and was not waited for has no network any more.
    let is_inside = |number: &i32| {
        fs::metadata(format!("/proc/{number}/ns/net")).is_ok_and(|network_of| network_of.ino() == network)
    };
    let inside = numbers.filter(is_inside).filter_map(Pid::from_raw);
    inside.filter(|process| kill_process(*process, Signal::KILL).is_ok()).count()
}
