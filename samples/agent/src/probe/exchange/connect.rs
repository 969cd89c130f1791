//! Connects, and keeps the client's own address even when that fails.

use std::io;
use std::net::SocketAddr;

use dualproof_wire::Attempt;
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpStream;
use tokio::time::timeout_at;

use super::Turn;
use crate::address::canonical;
use crate::elapsed::micros;
use crate::probe::own_port;

/// Connects to the attempt's address, and notes the client's own address as soon as there is one: a connection that times out has one.
///
/// # Errors
///
/// What the system says; ETIMEDOUT when the share of the time for connecting is used up.
pub(super) async fn connect(turn: &Turn<'_>, attempt: &mut Attempt) -> io::Result<TcpStream> {
    match turn.connect_by {
        Some(share) => match timeout_at(share.into(), open(turn, attempt)).await {
            Ok(connected) => connected,
            Err(_) => Err(Errno::TIMEDOUT.into()),
        },
        None => open(turn, attempt).await,
    }
}

async fn open(turn: &Turn<'_>, attempt: &mut Attempt) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(attempt.address), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    if turn.ask.own_port {
        own_port::bind(&socket, &attempt.address)?;
    }
    let started = socket.connect(&attempt.address.into());
    attempt.local = own(&socket);
    if let Err(error) = started
        && Errno::from_io_error(&error) != Some(Errno::INPROGRESS)
    {
        return Err(error);
    }
    let stream = TcpStream::from_std(socket.into())?;
    stream.writable().await?;
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    attempt.connect_micros = Some(micros(turn.began));
    Ok(stream)
}

fn own(socket: &Socket) -> Option<SocketAddr> {
    let address = socket.local_addr().ok()?.as_socket()?;
    // Without a way there the kernel chose no port.
    (address.port() != 0).then(|| canonical(address))
}
