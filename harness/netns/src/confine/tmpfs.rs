//! Files in memory.

use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};

use crate::NetnsError;

/// A file system in memory over a folder, for this process and what it starts, until this is dropped. Inside
/// [`confine`](super::confine()) nobody outside sees it, and the kernel removes it with the last process.
///
/// Pods come with dozens of small files that live for seconds. A file system on a disk looks for room for each of them, and does not give the
/// place of one that was removed to another for five seconds (torvalds/linux:fs/ext4/ialloc.c `recently_deleted`), so that a thousand clusters in
/// a row search longer and longer. It also lets programs run where the folder's own file system is mounted `noexec`.
#[derive(Debug)]
pub struct Tmpfs {
    at: PathBuf,
}

impl Tmpfs {
    /// Mounts it over a folder that is there. Only its owner may look into it.
    ///
    /// # Errors
    /// [`NetnsError::System`] where the folder is not there, or the system does not let us mount.
    pub fn over(folder: &Path) -> Result<Self, NetnsError> {
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
        mount(Some("tmpfs"), folder, Some("tmpfs"), flags, Some("mode=0700")).map_err(|errno| NetnsError::System {
            action: format!("mount a file system in memory over {}", folder.display()),
            source: errno.into(),
        })?;
        Ok(Self { at: folder.to_owned() })
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // A process that has not quite ended may still run from there: the mount is out of sight at once, and gone with it.
        let _is_gone = umount2(&self.at, MntFlags::MNT_DETACH).is_ok();
    }
}
