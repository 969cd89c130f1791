//! UDP: a datagram each way. It is sent once: a lost one is what is to be seen.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use dualproof_wire::{Attempt, Outcome};
use tokio::net::UdpSocket;

use super::Turn;
use super::text::{MOST, line, replied};
use crate::address::canonical;
use crate::elapsed::micros;

/// Sends the token and takes the first datagram that comes back from where it was sent.
///
/// # Errors
///
/// What the system says; an ICMP message of the other side among it.
pub(super) async fn exchange(turn: &Turn<'_>, attempt: &mut Attempt) -> io::Result<Outcome> {
    let any = match attempt.address {
        SocketAddr::V4(_) => IpAddr::from(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::from(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
    socket.connect(attempt.address).await?;
    attempt.local = Some(canonical(socket.local_addr()?));
    attempt.connect_micros = Some(micros(turn.began));
    let sent = line(&turn.ask.token, turn.ask.payload);
    socket.send(sent.strip_suffix(b"\n").unwrap_or(&sent)).await?;
    let mut answer = [0; MOST];
    let length = socket.recv(&mut answer).await?;
    attempt.first_byte_micros = Some(micros(turn.began));
    Ok(replied(&answer[..length]))
}
