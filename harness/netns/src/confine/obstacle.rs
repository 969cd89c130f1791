//! What forbids namespaces of one's own.

use std::{fmt, fs};

/// What forbids them, as far as the system says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// The kernel was built without them.
    NotInKernel,
    /// `user.max_user_namespaces` is 0.
    NoneAllowed,
    /// `kernel.unprivileged_userns_clone` is 0, as Debian's older kernels have it.
    RootOnly,
    /// `kernel.apparmor_restrict_unprivileged_userns` is 1, as Ubuntu has it from 23.10 on.
    AppArmor,
    /// A filter of system calls is on this process, as in a container.
    Seccomp,
    /// The system does not say.
    Unknown,
}

/// Looks for what forbids user namespaces. [`Obstacle::Unknown`] where nothing that is known of does.
pub(super) fn find() -> Obstacle {
    let number = |path: &str| fs::read_to_string(path).ok().and_then(|text| text.trim().parse::<u64>().ok());
    let is_free = may_make_them();
    if fs::metadata("/proc/self/ns/user").is_err() {
        Obstacle::NotInKernel
    } else if number("/proc/sys/user/max_user_namespaces") == Some(0) {
        Obstacle::NoneAllowed
    } else if !is_free && number("/proc/sys/kernel/unprivileged_userns_clone") == Some(0) {
        Obstacle::RootOnly
    } else if !is_free && number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == Some(1) {
        Obstacle::AppArmor
    } else if is_filtered(&fs::read_to_string("/proc/self/status").unwrap_or_default()) {
        Obstacle::Seccomp
    } else {
        Obstacle::Unknown
    }
}

/// The number of `CAP_SYS_ADMIN` (linux/capability.h).
const SYS_ADMIN: u32 = 21;

/// Tells whether this process makes namespaces without a user namespace. Root of a container often does not.
pub(super) fn may_make_them() -> bool {
    holds_sys_admin(&fs::read_to_string("/proc/self/status").unwrap_or_default())
}

/// Reads the effective capabilities out of `/proc/self/status` (proc(5)).
fn holds_sys_admin(status: &str) -> bool {
    let held = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    held.and_then(|held| u64::from_str_radix(held.trim(), 16).ok()).is_some_and(|held| held >> SYS_ADMIN & 1 == 1)
}

/// Tells from `/proc/self/status` whether system calls are filtered (proc(5): mode 2).
fn is_filtered(status: &str) -> bool {
    status.lines().filter_map(|line| line.strip_prefix("Seccomp:")).any(|mode| mode.trim() == "2")
}

impl Obstacle {
    /// Says what to do about it.
    #[must_use]
    pub fn cure(self) -> String {
        match self {
            Self::NotInKernel => "boot a kernel with CONFIG_USER_NS, or run as root with CAP_SYS_ADMIN",
            Self::NoneAllowed => "`sudo sysctl user.max_user_namespaces=10000`, or run as root with CAP_SYS_ADMIN",
            Self::RootOnly => "`sudo sysctl kernel.unprivileged_userns_clone=1`, or run as root with CAP_SYS_ADMIN",
            Self::AppArmor => {
                "`sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`, or run as root with CAP_SYS_ADMIN"
            }
            Self::Seccomp => {
                "start the container with `--security-opt seccomp=unconfined` or `--privileged`, or run outside of it"
            }
            Self::Unknown => "run as root, in a container with `--privileged`",
        }
        .to_owned()
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotInKernel => "the kernel has no user namespaces",
            Self::NoneAllowed => "user.max_user_namespaces is 0",
            Self::RootOnly => "kernel.unprivileged_userns_clone is 0",
            Self::AppArmor => "kernel.apparmor_restrict_unprivileged_userns is 1",
            Self::Seccomp => "a seccomp filter is on this process",
            Self::Unknown => "no setting that we know of forbids it",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_without_the_capability_is_told_from_root_with_it() {
        assert!(holds_sys_admin("CapPrm:\t0000000000000000\nCapEff:\t000001ffffffffff\n"));
        // What Docker leaves to root of a container.
        assert!(!holds_sys_admin("CapPrm:\t000001ffffffffff\nCapEff:\t00000000a80425fb\n"));
        assert!(!holds_sys_admin(""));
    }

    #[test]
    fn a_filter_is_told_from_none() {
        assert!(is_filtered("Name:\tx\nSeccomp:\t2\nSeccomp_filters:\t1\n"));
        assert!(!is_filtered("Name:\tx\nSeccomp:\t0\nSeccomp_filters:\t0\n"));
        assert!(!is_filtered(""));
    }
}
