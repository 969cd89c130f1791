//! The beacon of a living run: a name that one process on the machine can hold, and that leaves nothing behind.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use super::RunId;

/// The place of the process that made the run.
const MAKER: u8 = 0;

/// The maker's place and those of the processes that judge a kept run again, all at once at most.
const PLACES: std::ops::RangeInclusive<u8> = MAKER..=16;

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
        Self::light_at(run, MAKER)
    }

    /// Lights a beacon of a run that another process made and this one uses; `None` when as many as are looked for do so already.
    ///
    /// # Errors
    /// What the system says.
    pub fn join(run: &RunId) -> io::Result<Option<Self>> {
        for place in PLACES {
            if let Some(beacon) = Self::light_at(run, place)? {
                return Ok(Some(beacon));
            }
        }
        Ok(None)
    }

    fn light_at(run: &RunId, place: u8) -> io::Result<Option<Self>> {
        match UnixDatagram::bind_addr(&address(run, place)?) {
            Ok(held) => Ok(Some(Self { _held: held })),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Tells whether a beacon of a run is lit, by who made it or by who uses it. Only a clear no is a no.
    #[must_use]
    pub fn is_lit(run: &RunId) -> bool {
        PLACES.into_iter().any(|place| {
            let asked = address(run, place).and_then(|address| UnixDatagram::unbound()?.connect_addr(&address));
            !asked.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
        })
    }
}

fn address(run: &RunId, place: u8) -> io::Result<SocketAddr> {
    SocketAddr::from_abstract_name(match place {
        MAKER => format!("dualproof.dev/run/{run}"),
        guest => format!("dualproof.dev/run/{run}/{guest}"),
    })
}
