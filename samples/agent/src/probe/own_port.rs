//! A source port that no other call of this prober has.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};

use dualproof_wire::{OWN_PORTS, own_port};
use socket2::Socket;

static NEXT: AtomicU64 = AtomicU64::new(0);

/// Binds a socket to the next port in turn that is free. Ports come again after [`OWN_PORTS`] calls.
///
/// The kernel's own choice would not do: a port is free again at once when the other side closed first, and may be given for another
/// destination.
///
/// # Errors
///
/// When no port is free, or the system refuses to bind for another reason.
pub(in crate::probe) fn bind(socket: &Socket, peer: &SocketAddr) -> io::Result<()> {
    let any: IpAddr = if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    for _ in 0..OWN_PORTS {
        let port = own_port(NEXT.fetch_add(1, Ordering::Relaxed));
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
    NEXT.store(turn, Ordering::Relaxed);
}
