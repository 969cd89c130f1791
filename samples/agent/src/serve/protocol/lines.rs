//! TCP: a line each way, with or without a greeting.

use std::io;
use std::time::Duration;

use dualproof_wire::Protocol;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::witness::{Ends, Witness, token};

/// The longest line that is read, its token included.
const LONGEST_LINE: usize = 64 * 1024;

/// Answers each line of a connection with one, until the client ends it, is silent for `idle`, or sends what has no answer: then the
/// server closes without a word. With [`Protocol::TcpServerFirst`] the server's first line, without a token, comes before the client's.
pub(in crate::serve) async fn converse(
    witness: Witness,
    protocol: Protocol,
    mut stream: TcpStream,
    ends: Ends,
    idle: Duration,
) {
    // What ends a connection is the client's evidence; there is nothing more to do here.
    let _ = exchange(&witness, protocol, &mut stream, ends, idle).await;
}

async fn exchange(
    witness: &Witness,
    protocol: Protocol,
    stream: &mut TcpStream,
    ends: Ends,
    idle: Duration,
) -> io::Result<()> {
    if protocol == Protocol::TcpServerFirst {
        timeout(idle, stream.write_all(&witness.line(protocol, ends, None))).await??;
    }
    let mut pending = Vec::new();
    let mut chunk = [0; 2048];
    loop {
        let read = timeout(idle, stream.read(&mut chunk)).await??;
        // A last line without its end is answered too: `printf token | nc` sends one.
        let ended = read == 0;
        let start = pending.len();
        pending.extend_from_slice(&chunk[..read]);
        let mut taken = 0;
        let line_ends = (start..pending.len()).filter(|at| pending[*at] == b'\n').chain(ended.then_some(pending.len()));
        for end in line_ends {
            let line = &pending[taken..end];
            if line.is_empty() && ended {
                break;
            }
            let Some(token) = token(line) else { return Ok(()) };
            timeout(idle, stream.write_all(&witness.line(protocol, ends, Some(token)))).await??;
            taken = end + 1;
        }
        if ended {
            return Ok(());
        }
        pending.drain(..taken);
        if pending.len() > LONGEST_LINE {
            return Ok(());
        }
    }
}
