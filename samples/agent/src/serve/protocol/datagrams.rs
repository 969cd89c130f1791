//! UDP: a datagram each way.

use std::io::{self, IoSliceMut, Write};
use std::net::SocketAddr;

use dualproof_wire::Protocol;
use quinn_udp::{RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::witness::{Ends, Witness, token};

/// The most that one read can bring: a whole train of datagrams when the kernel has joined them.
const LONGEST_READ: usize = 64 * 1024;

/// Answers each datagram from the address that it was sent to, for ever. One without a token gets no answer and is not counted.
pub(in crate::serve) async fn converse(witness: Witness, socket: UdpSocket, state: UdpSocketState) {
    let mut connection = 0;
    let mut buffer = vec![0; LONGEST_READ];
    loop {
        let received = socket.async_io(Interest::READABLE, || receive(&socket, &state, &mut buffer)).await;
        let meta = match received {
            Ok(meta) => meta,
            Err(error) => {
                complain(&socket, "read from", &error);
                continue;
            }
        };
        let Some(local) = local(&socket, &meta) else { continue };
        for datagram in buffer[..meta.len].chunks(meta.stride.max(1)) {
            let line = datagram.strip_suffix(b"\n").unwrap_or(datagram);
            let Some(token) = token(line) else { continue };
            connection += 1;
            let answer = witness.line(Protocol::Udp, Ends { local, peer: meta.addr, connection }, Some(token));
            let transmit = Transmit {
                destination: meta.addr,
                ecn: None,
                contents: &answer,
                segment_size: None,
                src_ip: meta.dst_ip,
            };
            let send = || state.try_send(UdpSockRef::from(&socket), &transmit);
            if let Err(error) = socket.async_io(Interest::WRITABLE, send).await {
                complain(&socket, "answer over", &error);
            }
        }
    }
}

/// Prepares a bound socket, so that each datagram comes with the address that it was sent to.
///
/// # Errors
///
/// What the system says.
pub(in crate::serve) fn prepare(socket: &std::net::UdpSocket) -> io::Result<UdpSocketState> {
    UdpSocketState::new(UdpSockRef::from(socket))
}

fn receive(socket: &UdpSocket, state: &UdpSocketState, buffer: &mut [u8]) -> io::Result<RecvMeta> {
    let mut metas = [RecvMeta::default()];
    state.recv(UdpSockRef::from(socket), &mut [IoSliceMut::new(buffer)], &mut metas)?;
    Ok(metas[0])
}

/// Finds the address that the datagram was sent to; a wildcard socket's own name is not it.
fn local(socket: &UdpSocket, meta: &RecvMeta) -> Option<SocketAddr> {
    let own = socket.local_addr().ok()?;
    match meta.dst_ip {
        Some(ip) => Some(SocketAddr::new(ip, own.port())),
        None if own.ip().is_unspecified() => None,
        None => Some(own),
    }
}

fn complain(socket: &UdpSocket, what: &str, error: &io::Error) {
    let place = socket.local_addr().map_or_else(|_| "a socket".to_owned(), |address| address.to_string());
    // Nobody can be told when standard error is closed.
    let _ = writeln!(io::stderr(), "cannot {what} udp {place}: {error}");
}
