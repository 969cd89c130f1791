//! Who we are outside, and how we become root inside.

use std::fs;

use nix::unistd::{getegid, geteuid};

use crate::NetnsError;

/// The user and the group of this process outside.
#[derive(Clone, Copy)]
pub(super) struct Identity {
    user: u32,
    group: u32,
}

impl Identity {
    /// Reads them; to be called before a user namespace is entered, where both are nobody's.
    pub(super) fn current() -> Self {
        Self { user: geteuid().as_raw(), group: getegid().as_raw() }
    }

    /// Maps them to root of the user namespace that was entered. Only one user and one group exist in it (user_namespaces(7)).
    ///
    /// # Errors
    /// Where the kernel, or a security module, refuses.
    pub(super) fn become_root(self) -> Result<(), NetnsError> {
        // The kernel takes a group's map from a user without rights only once it knows that groups cannot be dropped.
        write("/proc/self/setgroups", "deny")?;
        write("/proc/self/uid_map", &format!("0 {} 1", self.user))?;
        write("/proc/self/gid_map", &format!("0 {} 1", self.group))
    }
}

fn write(path: &str, value: &str) -> Result<(), NetnsError> {
    fs::write(path, value).map_err(|source| match source.raw_os_error() {
        Some(code) if code == nix::errno::Errno::EPERM as i32 || code == nix::errno::Errno::EACCES as i32 => {
            NetnsError::Forbidden { obstacle: super::obstacle::find(), source }
        }
        _ => NetnsError::System { action: format!("write `{value}` to {path}"), source },
    })
}
