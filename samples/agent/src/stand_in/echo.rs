//! Istio's sample server: every line back, behind a prefix.

use std::io::Write;
use std::net::Ipv6Addr;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Serves until it is stopped.
pub(super) async fn run(words: &[String]) -> Result<u8, String> {
    let [ports, prefix] = words else { return Err("usage: tcp-echo PORT[,PORT…] PREFIX".to_owned()) };
    let mut servers = Vec::new();
    for port in ports.split(',') {
        let number = port.parse().map_err(|_| format!("`{port}` is no port"))?;
        let listener = listen(number).map_err(|error| format!("cannot listen on port {port}: {error}"))?;
        // The original's own words, by which its log tells that it can be called.
        let said = writeln!(std::io::stdout(), "listening on [::]:{port}, prefix: {prefix}");
        said.map_err(|error| format!("cannot write to standard output: {error}"))?;
        servers.push(tokio::spawn(serve(listener, prefix.clone())));
    }
    for server in servers {
        server.await.map_err(|error| error.to_string())?;
    }
    Ok(1)
}

/// Listens on one socket for both families, as Go does for an address without a host.
fn listen(port: u16) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_only_v6(false)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&std::net::SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)).into())?;
    socket.listen(1024)?;
    TcpListener::from_std(socket.into())
}

async fn serve(listener: TcpListener, prefix: String) {
    // A connection that fails while it is accepted is its client's loss.
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            let prefix = prefix.clone();
            tokio::spawn(async move { answer(stream, &prefix).await });
        }
    }
}

/// Answers whole lines; what is left without an end when the client stops is not one, as in the original.
async fn answer(stream: TcpStream, prefix: &str) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    while stream.read_until(b'\n', &mut line).await? > 0 && line.ends_with(b"\n") {
        let reply = [prefix.as_bytes(), b" ", &line].concat();
        stream.write_all(&reply).await?;
        line.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn both_families_get_each_whole_line_back() -> Result<(), Box<dyn std::error::Error>> {
        let listener = listen(0)?;
        let port = listener.local_addr()?.port();
        tokio::spawn(serve(listener, "hello".to_owned()));
        for host in ["127.0.0.1", "::1"] {
            let mut stream = TcpStream::connect((host, port)).await?;
            stream.write_all(b"a\nb\nhalf").await?;
            stream.shutdown().await?;
            let mut heard = String::new();
            stream.read_to_string(&mut heard).await?;
            assert_eq!(heard, "hello a\nhello b\n", "{host}");
        }
        Ok(())
    }
}
