//! A source port that no other call of this prober has.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use socket2::Socket;

/// Linux's own range for such ports (net.ipv4.ip_local_port_range); servers keep out of it.
const FIRST: u16 = 32_768;
const COUNT: u32 = 28_232;

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
        let turn = next().fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = FIRST + u16::try_from(turn).unwrap_or_default();
        match socket.bind(&SocketAddr::new(any, port).into()) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            bound => return bound,
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

/// Ports that a clock goes through in a second. All of them in three minutes: the kernel remembers a connection for two after its end
/// (net.netfilter.nf_conntrack_tcp_timeout_time_wait), and gives one that would look like it another source port on its way.
const EACH_SECOND: u128 = 150;

/// Counts from where the clock stands, so that a prober that is started after another does not take the same ports again.
fn next() -> &'static AtomicU32 {
    static NEXT: OnceLock<AtomicU32> = OnceLock::new();
    NEXT.get_or_init(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let turn = now.as_millis() * EACH_SECOND / 1000 % u128::from(COUNT);
        AtomicU32::new(u32::try_from(turn).unwrap_or_default())
    })
}
