//! The programs on disk.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rustix::fs::{Access, access};

use crate::node::NodeError;

/// The name of the agent, and those under which it stands in for others.
pub(in crate::node) const NAMES: [&str; 4] = ["agent", "nc", "curl", "tcp-echo"];

/// Writes the agent and its other names into a folder. Nothing is started from there before this has ended.
pub(in crate::node) fn install(folder: &Path) -> Result<(), NodeError> {
    let [agent, links @ ..] = NAMES;
    let path = folder.join(agent);
    let failed = |source| NodeError::File { path: path.clone(), source };
    fs::create_dir_all(folder).map_err(failed)?;
    // One that is there may be running, and cannot be written then.
    let beside = folder.join(".agent");
    fs::write(&beside, dualproof_agent_image::BINARY).map_err(failed)?;
    fs::set_permissions(&beside, Permissions::from_mode(0o755)).map_err(failed)?;
    fs::rename(&beside, &path).map_err(failed)?;
    // Where no program may run, each pod would fail for itself, and nobody would see why.
    access(&path, Access::EXEC_OK)
        .map_err(|errno| NodeError::NoPrograms { path: path.clone(), source: errno.into() })?;
    for link in links {
        let link = folder.join(link);
        match symlink(agent, &link) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(NodeError::File { path: link, source: error });
            }
            _ => {}
        }
    }
    Ok(())
}
