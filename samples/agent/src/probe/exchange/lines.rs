//! TCP: a line each way, with or without a greeting.

use std::io;

use dualproof_wire::{Attempt, Outcome, Protocol};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Turn;
use super::connect::connect;
use super::text::{MOST, ended, line, replied};
use crate::elapsed::micros;

/// Sends the token's line and reads one back. The client's side stays open until the answer is there: a sidecar loses plaintext
/// answers of a client that half-closes early.
///
/// # Errors
///
/// What the system says.
pub(super) async fn exchange(turn: &Turn<'_>, attempt: &mut Attempt) -> io::Result<Outcome> {
    let mut stream = connect(turn, attempt).await?;
    let mut answer = [0; MOST];
    let mut length = 0;
    if turn.ask.protocol == Protocol::TcpServerFirst {
        let is_line = read_line(&mut stream, &mut answer, &mut length, attempt, turn).await?;
        if !is_line {
            return Ok(ended(&answer[..length]));
        }
    }
    stream.write_all(&line(&turn.ask.token, turn.ask.payload)).await?;
    let is_line = read_line(&mut stream, &mut answer, &mut length, attempt, turn).await?;
    Ok(if is_line { replied(&answer[..length]) } else { ended(&answer[..length]) })
}

/// Reads until a line ends or the buffer is full; false when the other side ended first.
async fn read_line(
    stream: &mut TcpStream,
    answer: &mut [u8; MOST],
    length: &mut usize,
    attempt: &mut Attempt,
    turn: &Turn<'_>,
) -> io::Result<bool> {
    while *length < MOST {
        let start = *length;
        let read = stream.read(&mut answer[start..]).await?;
        if read == 0 {
            return Ok(false);
        }
        attempt.first_byte_micros.get_or_insert_with(|| micros(turn.began));
        *length += read;
        if answer[start..*length].contains(&b'\n') {
            return Ok(true);
        }
    }
    Ok(true)
}
