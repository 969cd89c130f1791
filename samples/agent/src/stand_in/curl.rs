//! `curl` as far as the harness asks it: which address of a family a name leads to.

use std::io::Write;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use dualproof_wire::Records;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::reach::addresses;

/// curl's own exit codes (curl(1), EXIT CODES).
const UNSUPPORTED: u8 = 1;
const UNKNOWN_HOST: u8 = 6;
const REFUSED: u8 = 7;
const TIMED_OUT: u8 = 28;
const EMPTY: u8 = 52;

/// How every answer begins.
const PROTOCOL: &[u8] = b"HTTP/";

/// Resolves, says what it tries, connects and asks. Of an answer only its kind counts: the text goes nowhere.
pub(super) async fn run(words: &[String]) -> Result<u8, String> {
    let call = Call::parse(words)?;
    let end = Instant::now() + call.limit;
    match tokio::time::timeout(call.limit, call.make(end)).await {
        Ok(ended) => ended,
        Err(_) => Ok(TIMED_OUT),
    }
}

struct Call {
    records: Records,
    limit: Duration,
    connect: Duration,
    host: String,
    port: u16,
    path: String,
}

impl Call {
    fn parse(words: &[String]) -> Result<Self, String> {
        let (mut records, mut url) = (Records::Both, None);
        let (mut limit, mut connect) = (Duration::from_secs(300), Duration::from_secs(300));
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "-4" => records = Records::A,
                "-6" => records = Records::Aaaa,
                "-v" | "-s" => {}
                // What is asked is never kept, so only where it would be lost is taken.
                "-o" if value()?.as_str() == "/dev/null" => {}
                "--connect-timeout" => connect = seconds(value()?)?,
                "--max-time" => limit = seconds(value()?)?,
                other if other.starts_with("http://") && url.is_none() => url = other.strip_prefix("http://"),
                other => return Err(format!("this stand-in for curl does not know `{other}`")),
            }
        }
        let url = url.ok_or("this stand-in for curl needs one http:// address")?;
        let (authority, path) = url.split_once('/').unwrap_or((url, ""));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, port.parse().map_err(|_| format!("`{port}` is no port"))?)
            }
            _ => (authority, 80),
        };
        Ok(Self { records, limit, connect, host: host.to_owned(), port, path: format!("/{path}") })
    }

    async fn make(&self, end: Instant) -> Result<u8, String> {
        let found = addresses(&self.host, self.records, end).await?;
        if found.is_empty() {
            say(&format!("* Could not resolve host: {}", self.host));
            return Ok(UNKNOWN_HOST);
        }
        let mut code = REFUSED;
        for address in found {
            let place = std::net::SocketAddr::new(address, self.port);
            say(&format!("*   Trying {place}..."));
            match tokio::time::timeout(self.connect, TcpStream::connect(place)).await {
                Ok(Ok(stream)) => return Ok(self.ask(stream, address).await),
                Ok(Err(error)) => say(&format!("* connect to {place} failed: {error}")),
                Err(_) => code = TIMED_OUT,
            }
        }
        Ok(code)
    }

    async fn ask(&self, mut stream: TcpStream, address: IpAddr) -> u8 {
        say(&format!("* Connected to {} ({address}) port {}", self.host, self.port));
        let head = format!("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.path, self.host);
        let mut answer = Vec::new();
        let heard = async {
            stream.write_all(head.as_bytes()).await?;
            let mut answers = stream.take(1 << 16);
            // As in the original, what does not begin as HTTP ends the call, whether more would come or not.
            while answer.len() < PROTOCOL.len() && answers.read_buf(&mut answer).await? > 0 {}
            if answer.starts_with(PROTOCOL) { answers.read_to_end(&mut answer).await } else { Ok(0) }
        };
        let ended = heard.await;
        match (ended, answer.starts_with(PROTOCOL)) {
            (_, true) => 0,
            (Ok(_) | Err(_), false) if answer.is_empty() => EMPTY,
            _ => {
                say("* Received HTTP/0.9 when not allowed");
                UNSUPPORTED
            }
        }
    }
}

fn seconds(word: &str) -> Result<Duration, String> {
    word.parse().map(Duration::from_secs).map_err(|_| format!("`{word}` is no number of seconds"))
}

fn say(words: &str) {
    // Nobody can be told when standard error is closed.
    let _ = writeln!(std::io::stderr(), "{words}");
}
