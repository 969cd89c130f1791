//! Opens sockets in exactly the bind mode that was asked for, whatever `net.ipv6.bindv6only` says.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};

use dualproof_wire::Bind;
use socket2::{Domain, Protocol, Socket, Type};

/// How many connections may wait to be accepted; the kernel lowers it to `net.core.somaxconn`.
const BACKLOG: i32 = 4096;

/// Opens a listening socket.
///
/// # Errors
///
/// What the system says, EADDRINUSE or EAFNOSUPPORT for example.
pub(super) fn tcp(bind: Bind, address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket(bind, address, Type::STREAM, Protocol::TCP)?;
    // A restarted server must not wait for its predecessor's connections; on Linux this never shares a port between listeners.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Opens a datagram socket.
///
/// # Errors
///
/// What the system says.
pub(super) fn udp(bind: Bind, address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = socket(bind, address, Type::DGRAM, Protocol::UDP)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

fn socket(bind: Bind, address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind.nonblocking(), Some(protocol))?;
    if address.is_ipv6() {
        socket.set_only_v6(bind != Bind::DualAny)?;
    }
    Ok(socket)
}
