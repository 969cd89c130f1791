//! What an error of the system means for a call.

use std::io::{self, ErrorKind};

use dualproof_wire::Outcome;
use rustix::io::Errno;

/// Classes an error of connecting, sending or receiving.
pub(super) fn of_io(error: &io::Error) -> Outcome {
    match error.kind() {
        ErrorKind::ConnectionRefused => Outcome::Refused,
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Outcome::Reset,
        ErrorKind::TimedOut => Outcome::Timeout,
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::AddrNotAvailable => {
            Outcome::Unreachable
        }
        // EPERM has the same kind, and is a rule of this machine.
        ErrorKind::PermissionDenied if Errno::from_io_error(error) == Some(Errno::ACCESS) => Outcome::Unreachable,
        ErrorKind::UnexpectedEof => Outcome::Closed,
        _ => Outcome::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_its_class() {
        let classes = [
            (Errno::CONNREFUSED, Outcome::Refused),
            (Errno::CONNRESET, Outcome::Reset),
            (Errno::PIPE, Outcome::Reset),
            (Errno::TIMEDOUT, Outcome::Timeout),
            (Errno::NETUNREACH, Outcome::Unreachable),
            (Errno::HOSTUNREACH, Outcome::Unreachable),
            (Errno::ADDRNOTAVAIL, Outcome::Unreachable),
            (Errno::ACCESS, Outcome::Unreachable),
            (Errno::PERM, Outcome::Failed("Operation not permitted (os error 1)".to_owned())),
            (Errno::MFILE, Outcome::Failed("Too many open files (os error 24)".to_owned())),
        ];
        for (errno, outcome) in classes {
            assert_eq!(of_io(&io::Error::from(errno)), outcome);
        }
    }
}
