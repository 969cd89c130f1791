//! Ports of pods.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::{TcpSocket, TcpStream};

use crate::api::RuntimeError;
use crate::node::container::Place;

/// Connects to a port of a pod's loopback: IPv4 first, then IPv6 (containerd/containerd:internal/cri/server/sandbox_portforward_linux.go).
pub(super) async fn forward(place: &Place, port: u16) -> Result<TcpStream, RuntimeError> {
    let mut why = String::new();
    for address in [SocketAddr::from((Ipv4Addr::LOCALHOST, port)), SocketAddr::from((Ipv6Addr::LOCALHOST, port))] {
        match connect(place, address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => why.push_str(&format!(", {address}: {error}")),
        }
    }
    Err(RuntimeError::Unreachable(format!("failed to connect to localhost:{port} inside the pod{why}")))
}

async fn connect(place: &Place, address: SocketAddr) -> io::Result<TcpStream> {
    let socket = place.sandbox.namespace().unconnected(address, None).map_err(io::Error::other)?;
    socket.set_nonblocking(true)?;
    let stream = TcpSocket::from_std_stream(socket).connect(address).await?;
    // Without it small answers wait for each other.
    stream.set_nodelay(true)?;
    Ok(stream)
}
