//! The machine, as the traps look at it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cluster::KindTools;

/// How traps look at a machine. Tests give another root and other programs.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The folder that holds `proc`, `sys` and Docker's data.
    pub root: PathBuf,
    /// docker and kind.
    pub tools: KindTools,
    /// Returns the bytes that are free for users without privileges on the disk of a folder.
    pub free: fn(&Path) -> io::Result<u64>,
}

impl Default for Machine {
    fn default() -> Self {
        Self { root: PathBuf::from("/"), tools: KindTools::default(), free }
    }
}

impl Machine {
    /// Finds a path of the machine under the root.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// Reads a small file such as `proc/meminfo`; `None` when it is not there or is no text.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.path(path)).ok()
    }

    /// Reads a file that holds one number, as files under `proc/sys` do.
    pub(super) fn number(&self, path: &str) -> Option<u64> {
        self.text(path)?.trim().parse().ok()
    }

    /// Tells whether there is a `proc` to look at. Other systems than Linux have none.
    pub(super) fn has_proc(&self) -> bool {
        self.path("proc/sys/kernel").is_dir()
    }
}

/// Asks the disk in a thread of its own, so that a network disk that hangs costs no more than `limit`; `None` at the limit.
pub(super) async fn ask_disk<T: Send + 'static>(
    limit: Duration,
    question: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    tokio::time::timeout(limit, tokio::task::spawn_blocking(question)).await.ok()?.ok()
}

fn free(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}
