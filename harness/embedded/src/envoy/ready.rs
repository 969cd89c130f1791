//! Whether an Envoy serves.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The most that is read of an answer, which is one word below a few headers.
const LONGEST: u64 = 4096;

/// What Envoy says of itself (envoy.admin.v3.ServerInfo.State).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It serves.
    Live,
    /// It waits for its configuration, or drains, by its own word: `PRE_INITIALIZING`, `INITIALIZING`, `DRAINING`.
    NotYet(String),
}

/// Asks an Envoy for its state, over a connection to its admin port that nothing was said on.
///
/// # Errors
/// When the connection breaks, or what answers is not Envoy's admin. An Envoy that does not serve yet is no error.
pub async fn ready(mut admin: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<State> {
    admin.write_all(b"GET /ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    admin.take(LONGEST).read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
    let said = || answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned();
    match status {
        Some("200") => Ok(State::Live),
        // In chunks, as Envoy's admin sends everything.
        Some("503") => {
            let body = said();
            let word = body.split_whitespace().find(|word| word.contains("ING")).unwrap_or("not ready");
            Ok(State::NotYet(word.to_owned()))
        }
        _ => {
            let first = answer.lines().next().unwrap_or_default().to_owned();
            Err(io::Error::new(io::ErrorKind::InvalidData, format!("not Envoy's admin: `{first}`")))
        }
    }
}

/// Tells whether a line of Envoy's log says that it has all of its configuration and serves.
///
/// [`Sidecar`](super::Sidecar) has Envoy write that line. Reading it costs Envoy nothing and comes at the moment itself, where
/// asking the admin port comes when it is asked.
#[must_use]
pub fn is_ready_line(line: &str) -> bool {
    line.contains("all dependencies initialized. starting workers")
}
