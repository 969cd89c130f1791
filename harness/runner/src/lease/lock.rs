//! The lock that a living run holds.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

/// The file's name in the run's folder.
pub const LEASE: &str = "lease";

/// An exclusive lock on a run's folder, for as long as the value lives and at most as long as the process.
///
/// It is a flock (flock(2)), not a pid: a number may belong to another process tomorrow. Children do not inherit it, because
/// the standard library opens files close-on-exec.
#[derive(Debug)]
pub struct Lease {
    _held: File,
}

impl Lease {
    /// Makes the lease's file in a new folder, and takes it.
    ///
    /// # Errors
    /// What the file system says; somebody else who has it already is an error of kind `WouldBlock`.
    pub fn make(folder: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(folder.join(LEASE))?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Self { _held: file })
    }

    /// Takes the lease of a folder that is there; `None` when somebody has it.
    ///
    /// # Errors
    /// A folder without a lease's file, and whatever else the file system says.
    pub fn take(folder: &Path) -> io::Result<Option<Self>> {
        let file = File::open(folder.join(LEASE))?;
        Ok(locked(&file, FlockOperation::NonBlockingLockExclusive)?.then_some(Self { _held: file }))
    }

    /// Tells whether somebody has the lease of a folder. Those who only ask do not keep each other from asking.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub fn is_held(folder: &Path) -> io::Result<bool> {
        let file = File::open(folder.join(LEASE))?;
        Ok(!locked(&file, FlockOperation::NonBlockingLockShared)?)
    }
}

fn locked(file: &File, how: FlockOperation) -> io::Result<bool> {
    match flock(file, how) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
