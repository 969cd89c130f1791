//! Peers that misbehave, each on a thread of its own until the test ends.

use std::error::Error;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

/// Starts a peer that treats each connection in turn.
pub(crate) fn peer(
    address: &str,
    mut treat: impl FnMut(TcpStream) -> Result<(), Box<dyn Error>> + Send + 'static,
) -> Result<SocketAddr, Box<dyn Error>> {
    let listener = TcpListener::bind(address)?;
    let own = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that has gone is the client's evidence.
            let _ = treat(stream);
        }
    });
    Ok(own)
}

/// Reads the client's line, without its end.
pub(crate) fn line(stream: &TcpStream) -> Result<String, Box<dyn Error>> {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

/// Ends the connection by a reset.
pub(crate) fn reset(stream: TcpStream) -> Result<(), Box<dyn Error>> {
    socket2::SockRef::from(&stream).set_linger(Some(std::time::Duration::ZERO))?;
    drop(stream);
    Ok(())
}

/// Answers the token with what `change` makes of the right answer.
pub(crate) fn echo(mut stream: TcpStream, change: impl FnOnce(&str, Vec<u8>) -> Vec<u8>) -> Result<(), Box<dyn Error>> {
    let token = line(&stream)?;
    let answer = right(&token).into_bytes();
    stream.write_all(&[change(&token, answer), b"\n".to_vec()].concat())?;
    Ok(())
}

/// The right answer of an echoing peer.
pub(crate) fn right(token: &str) -> String {
    format!("{{\"token\":\"{token}\",\"pod\":\"peer\"}}")
}

/// Tells whether the client has closed its side.
pub(crate) fn has_ended(stream: &TcpStream) -> Result<bool, Box<dyn Error>> {
    stream.set_nonblocking(true)?;
    let ended = match stream.peek(&mut [0]) {
        Ok(length) => length == 0,
        Err(error) if error.kind() == ErrorKind::WouldBlock => false,
        Err(error) => return Err(error.into()),
    };
    stream.set_nonblocking(false)?;
    Ok(ended)
}
