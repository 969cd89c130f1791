//! `nc` as BusyBox has it: standard input there, what comes back to standard output.

use std::time::{Duration, Instant};

use dualproof_wire::Records;
use tokio::io::{AsyncWriteExt, copy, stdin, stdout};
use tokio::net::TcpStream;

use super::reach::addresses;

/// How long a name may take to be found: what a C library's resolver takes by default.
const LOOK_UP: Duration = Duration::from_secs(10);

/// Connects, and copies both ways until the other side ends. The end of standard input ends the sending side alone.
pub(super) async fn run(words: &[String]) -> Result<u8, String> {
    let (wait, host, port) = match words {
        [flag, seconds, host, port] if flag == "-w" => {
            let seconds = seconds.parse().map_err(|_| format!("`{seconds}` is no number of seconds"))?;
            (Some(Duration::from_secs(seconds)), host, port)
        }
        [host, port] => (None, host, port),
        _ => return Err("usage: nc [-w SECONDS] HOST PORT".to_owned()),
    };
    let port: u16 = port.parse().map_err(|_| format!("`{port}` is no port"))?;
    // As in the original, the address that is first is the one that is tried.
    let Some(address) = addresses(host, Records::Both, Instant::now() + LOOK_UP).await?.into_iter().next() else {
        return failed(&format!("bad address '{host}'"));
    };
    let talk = async {
        let stream = TcpStream::connect((address, port)).await?;
        let (mut from, mut to) = stream.into_split();
        let send = async {
            // A peer that has gone is seen by the other direction.
            let _ = copy(&mut stdin(), &mut to).await;
            let _ = to.shutdown().await;
            std::future::pending::<()>().await;
        };
        let receive = async {
            copy(&mut from, &mut stdout()).await?;
            stdout().flush().await
        };
        tokio::select! {
            () = send => Ok(()),
            received = receive => received,
        }
    };
    let ended = match wait {
        Some(limit) => match tokio::time::timeout(limit, talk).await {
            Ok(ended) => ended,
            Err(_) => return failed("timed out"),
        },
        None => talk.await,
    };
    ended.map_or_else(|error| failed(&format!("{host} ({address}:{port}): {error}")), |()| Ok(0))
}

fn failed(words: &str) -> Result<u8, String> {
    // Nobody can be told when standard error is closed.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("nc: {words}\n").as_bytes());
    Ok(1)
}
