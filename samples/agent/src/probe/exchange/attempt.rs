//! One try to one address.

use std::net::SocketAddr;

use dualproof_wire::{Attempt, Outcome, Protocol};
use tokio::time::timeout_at;

use super::{Turn, datagram, http, lines};
use crate::probe::outcome::of_io;

/// Tries one address until the deadline. What was known when it passed stays in the attempt.
pub(in crate::probe) async fn attempt(turn: &Turn<'_>, address: SocketAddr) -> Attempt {
    let mut attempt = Attempt {
        address,
        local: None,
        connect_micros: None,
        first_byte_micros: None,
        status: None,
        outcome: Outcome::Timeout,
    };
    let exchange = async {
        match turn.ask.protocol {
            Protocol::Tcp | Protocol::TcpServerFirst => lines::exchange(turn, &mut attempt).await,
            Protocol::Http1 | Protocol::H2c => http::exchange(turn, &mut attempt).await,
            Protocol::Udp => datagram::exchange(turn, &mut attempt).await,
        }
    };
    match timeout_at(turn.deadline.into(), exchange).await {
        Ok(Ok(outcome)) => attempt.outcome = outcome,
        Ok(Err(error)) => attempt.outcome = of_io(&error),
        Err(_) => {}
    }
    attempt
}
