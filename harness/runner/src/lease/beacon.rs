//! The beacon of a living run: a name that one process on the machine can hold, and that leaves nothing behind.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use super::RunId;

/// A socket with a name outside the file system (unix(7), abstract sockets). The kernel drops it with the process.
///
/// It is seen by all users of the machine, whatever state folder they use, but not from another network namespace: whoever
/// shares a Docker socket between containers must share the state folder, too.
#[derive(Debug)]
pub struct Beacon {
    _held: UnixDatagram,
}

impl Beacon {
    /// Lights the beacon of a run; `None` when somebody alive has it.
    ///
    /// # Errors
    /// What the system says.
    pub fn light(run: &RunId) -> io::Result<Option<Self>> {
        match UnixDatagram::bind_addr(&address(run)?) {
            Ok(held) => Ok(Some(Self { _held: held })),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Tells whether a run's beacon is lit. Only a clear no is a no.
    #[must_use]
    pub fn is_lit(run: &RunId) -> bool {
        let asked = address(run).and_then(|address| UnixDatagram::unbound()?.connect_addr(&address));
        !asked.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    }
}

fn address(run: &RunId) -> io::Result<SocketAddr> {
    SocketAddr::from_abstract_name(format!("dualproof.dev/run/{run}"))
}
