//! What the first process does.

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};

use crate::NetnsError;

/// Collects every process that ends and was left to this one, until a given child ends. Returns its exit code; 128 and the number of the signal
/// that ended it.
///
/// # Errors
/// Where the kernel does not let us wait, or the child is not ours.
pub(super) fn reap_until(child: u32) -> Result<u8, NetnsError> {
    loop {
        let (ended, code) = match waitpid(None, None) {
            Ok(WaitStatus::Exited(ended, code)) => (ended, code),
            Ok(WaitStatus::Signaled(ended, signal, _)) => (ended, 128 + signal as i32),
            Ok(_) | Err(Errno::EINTR) => continue,
            Err(errno) => {
                return Err(NetnsError::System { action: format!("wait for process {child}"), source: errno.into() });
            }
        };
        if u32::try_from(ended.as_raw()) == Ok(child) {
            return Ok(u8::try_from(code).unwrap_or(u8::MAX));
        }
    }
}
