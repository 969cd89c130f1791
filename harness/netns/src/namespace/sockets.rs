//! Sockets that are in a namespace and used from outside.

use std::io;
use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use super::Namespace;
use crate::NetnsError;

/// As tokio's and std's own.
const BACKLOG: i32 = 1024;

impl Namespace {
    /// Listens inside, for use by any thread. One of `::` takes IPv6 alone, so that `0.0.0.0` can be bound beside it.
    ///
    /// # Errors
    /// [`NetnsError::System`] where the address is not there or taken.
    pub fn listen(&self, address: SocketAddr) -> Result<TcpListener, NetnsError> {
        self.socket("listen on", address, move || {
            let socket = open(address, Type::STREAM, Protocol::TCP)?;
            socket.set_reuse_address(true)?;
            socket.bind(&address.into())?;
            socket.listen(BACKLOG)?;
            Ok(socket.into())
        })
    }

    /// Listens inside on a port of every address of both families by one socket, as Go's `net.Listen` does on `:port`.
    ///
    /// # Errors
    /// As [`Self::listen`], and where the kernel does not have IPv6.
    pub fn listen_on_all(&self, port: u16) -> Result<TcpListener, NetnsError> {
        let address = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        self.socket("listen on", address, move || {
            let socket = Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP))?;
            socket.set_only_v6(false)?;
            socket.set_reuse_address(true)?;
            socket.bind(&address.into())?;
            socket.listen(BACKLOG)?;
            Ok(socket.into())
        })
    }

    /// Opens a socket for datagrams inside, for use by any thread.
    ///
    /// # Errors
    /// As [`Self::listen`].
    pub fn datagrams(&self, address: SocketAddr) -> Result<UdpSocket, NetnsError> {
        self.socket("take datagrams at", address, move || {
            let socket = open(address, Type::DGRAM, Protocol::UDP)?;
            socket.bind(&address.into())?;
            Ok(socket.into())
        })
    }

    /// Opens a socket inside that will connect to an address of the given one's family, and is not connected yet: tokio's
    /// `TcpSocket::from_std_stream` takes it. `mark` is the packets' mark, for those that must pass by a redirect.
    ///
    /// # Errors
    /// [`NetnsError::System`] where the kernel does not have the family, or does not let us mark.
    pub fn unconnected(&self, address: SocketAddr, mark: Option<u32>) -> Result<TcpStream, NetnsError> {
        self.socket("open a socket to", address, move || {
            let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
            if let Some(mark) = mark {
                socket.set_mark(mark)?;
            }
            Ok(socket.into())
        })
    }

    /// Connects from inside, within a time. The thread of the namespace does not wait for it.
    ///
    /// # Errors
    /// [`NetnsError::System`] where it is refused, unreachable, or not answered in time.
    pub fn connect(&self, address: SocketAddr, mark: Option<u32>, limit: Duration) -> Result<TcpStream, NetnsError> {
        let socket = Socket::from(self.unconnected(address, mark)?);
        socket.connect_timeout(&address.into(), limit).map_err(|source| NetnsError::System {
            action: format!("connect to {address} from {}", self.name()),
            source,
        })?;
        Ok(socket.into())
    }

    fn socket<T: Send + 'static>(
        &self,
        action: &str,
        address: SocketAddr,
        make: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, NetnsError> {
        self.run(make)?
            .map_err(|source| NetnsError::System { action: format!("{action} {address} in {}", self.name()), source })
    }
}

fn open(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    Ok(socket)
}
