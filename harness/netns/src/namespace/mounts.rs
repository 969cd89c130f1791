//! Files of a namespace's own, such as `/etc/resolv.conf`.

use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};

use super::Namespace;
use crate::NetnsError;

impl Namespace {
    /// Mounts a file (or a folder) over another, for this namespace and the children that are started in it from now on. A target that is a link
    /// is followed. What is written to the source later is seen at once, unless the source is replaced by another file.
    ///
    /// # Errors
    /// [`NetnsError::System`] where one of both is not there, or one is a file and the other a folder.
    pub fn mount(&self, source: &Path, target: &Path) -> Result<(), NetnsError> {
        let (from, to): (PathBuf, PathBuf) = (source.to_owned(), target.to_owned());
        self.run(move || mount(Some(&from), &to, None::<&str>, MsFlags::MS_BIND, None::<&str>))?.map_err(|errno| {
            NetnsError::System {
                action: format!("mount {} over {} in {}", source.display(), target.display(), self.name()),
                source: errno.into(),
            }
        })
    }
}
