//! Answers over UDP and TCP.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{DnsError, Transport, Zone, answer};

/// The longest message (RFC 1035, 4.2.2).
const LONGEST: usize = 64 * 1024;
/// How long a connection may be without a question (RFC 7766, 6.2.3).
const IDLE: Duration = Duration::from_secs(10);
/// How many times in a row a socket may fail before it is given up. Single failures are the network's news about others.
const MOST_FAILURES: u32 = 64;
/// How many connections are held at once; more wait until one ends.
const MOST_CONNECTIONS: usize = 256;

/// A server that answers until it is dropped.
#[derive(Debug)]
pub struct Server {
    tasks: JoinSet<DnsError>,
    udp: SocketAddr,
    tcp: SocketAddr,
}

/// Serves the newest zone on two sockets, which may belong to any network namespace.
///
/// Both should be bound to the address that clients ask: a datagram's answer is sent from the socket's own address. Must be
/// called inside a tokio runtime. An answer always comes from one whole zone; the next question sees the next one.
///
/// # Errors
/// [`DnsError::Socket`] when a socket is not usable.
pub fn serve(zone: watch::Receiver<Arc<Zone>>, udp: UdpSocket, tcp: TcpListener) -> Result<Server, DnsError> {
    let (at_udp, at_tcp) = (udp.local_addr(), tcp.local_addr());
    let udp_failed = |source| DnsError::Socket { transport: "UDP", address: None, source };
    let tcp_failed = |source| DnsError::Socket { transport: "TCP", address: None, source };
    let (at_udp, at_tcp) = (at_udp.map_err(udp_failed)?, at_tcp.map_err(tcp_failed)?);
    udp.set_nonblocking(true).map_err(udp_failed)?;
    tcp.set_nonblocking(true).map_err(tcp_failed)?;
    let udp = tokio::net::UdpSocket::from_std(udp).map_err(udp_failed)?;
    let tcp = tokio::net::TcpListener::from_std(tcp).map_err(tcp_failed)?;
    let mut tasks = JoinSet::new();
    let datagrams = zone.clone();
    tasks.spawn(async move {
        let source = over_udp(&datagrams, &udp).await;
        DnsError::Socket { transport: "UDP", address: Some(at_udp), source }
    });
    tasks.spawn(async move {
        let source = over_tcp(&zone, &tcp).await;
        DnsError::Socket { transport: "TCP", address: Some(at_tcp), source }
    });
    Ok(Server { tasks, udp: at_udp, tcp: at_tcp })
}

impl Server {
    /// Returns the address at which datagrams are answered.
    #[must_use]
    pub fn udp(&self) -> SocketAddr {
        self.udp
    }

    /// Returns the address at which connections are taken.
    #[must_use]
    pub fn tcp(&self) -> SocketAddr {
        self.tcp
    }

    /// Waits until a socket is given up, which does not happen while it works. The other one goes on.
    pub async fn ended(&mut self) -> DnsError {
        match self.tasks.join_next().await {
            Some(Ok(error)) => error,
            Some(Err(failed)) => given_up(std::io::Error::other(failed)),
            None => given_up(std::io::Error::other("both sockets were given up before")),
        }
    }
}

fn given_up(source: std::io::Error) -> DnsError {
    DnsError::Socket { transport: "UDP and TCP", address: None, source }
}

async fn over_udp(zone: &watch::Receiver<Arc<Zone>>, socket: &tokio::net::UdpSocket) -> std::io::Error {
    let mut buffer = vec![0; LONGEST];
    let mut failures = 0;
    loop {
        let (length, client) = match socket.recv_from(&mut buffer).await {
            Ok(received) => received,
            Err(_) if failures < MOST_FAILURES => {
                failures += 1;
                continue;
            }
            Err(error) => return error,
        };
        failures = 0;
        let newest = Arc::clone(&zone.borrow());
        if let Some(answer) = answer(&newest, &buffer[..length], Transport::Udp) {
            // A client that is gone needs no answer, and asks again if it is not.
            let _ = socket.send_to(&answer, client).await;
        }
    }
}

async fn over_tcp(zone: &watch::Receiver<Arc<Zone>>, listener: &tokio::net::TcpListener) -> std::io::Error {
    let mut connections: JoinSet<()> = JoinSet::new();
    let mut failures = 0;
    loop {
        while connections.try_join_next().is_some() {}
        if connections.len() >= MOST_CONNECTIONS {
            connections.join_next().await;
        }
        match listener.accept().await {
            Ok((stream, _)) => {
                failures = 0;
                let zone = zone.clone();
                connections.spawn(async move {
                    // It ends with the client's close, its silence, or a message that is cut off: nobody is left to be told.
                    let _ = converse(&zone, stream).await;
                });
            }
            Err(_) if failures < MOST_FAILURES => failures += 1,
            Err(error) => return error,
        }
    }
}

async fn converse(zone: &watch::Receiver<Arc<Zone>>, mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut question = Vec::new();
    loop {
        let read = async {
            let length = stream.read_u16().await?;
            question.resize(usize::from(length), 0);
            stream.read_exact(&mut question).await
        };
        tokio::time::timeout(IDLE, read).await.map_err(std::io::Error::other)??;
        let newest = Arc::clone(&zone.borrow());
        let Some(answer) = answer(&newest, &question, Transport::Tcp) else { continue };
        let length = u16::try_from(answer.len()).map_err(std::io::Error::other)?;
        tokio::time::timeout(IDLE, stream.write_all(&[&length.to_be_bytes(), answer.as_slice()].concat()))
            .await
            .map_err(std::io::Error::other)??;
    }
}
