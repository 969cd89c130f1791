//! A source port that no other call of this prober has.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};

use socket2::Socket;

/// Linux's own range for such ports (net.ipv4.ip_local_port_range); servers keep out of it.
const FIRST: u16 = 32_768;
const COUNT: u32 = 28_232;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Binds a socket to the next port in turn that is free. Ports come again after 28,232 calls.
///
/// The kernel's own choice would not do: a port is free again at once when the other side closed first, and may be given for another
/// destination.
///
/// # Errors
///
/// When no port is free, or the system refuses to bind for another reason.
pub(in crate::probe) fn bind(socket: &Socket, peer: &SocketAddr) -> io::Result<()> {
    let any: IpAddr = if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    for _ in 0..COUNT {
        let turn = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = FIRST + u16::try_from(turn).unwrap_or_default();
        match socket.bind(&SocketAddr::new(any, port).into()) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            bound => return bound,
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

/// Says where to begin: of probers that a machine runs at the same time or soon after each other none may take a port that another has, and
/// only who starts them knows.
pub(in crate::probe) fn begin(turn: u64) {
    NEXT.store(u32::try_from(turn % u64::from(COUNT)).unwrap_or_default(), Ordering::Relaxed);
}
