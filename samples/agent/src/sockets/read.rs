//! Reads the four tables.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use dualproof_wire::Sockets;

use super::table::{LISTENING, UNCONNECTED, local_addresses};

/// Tables that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SocketsError {
    /// A table is there and cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line is no socket.
    #[error("{}:{line}: no socket", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1.
        line: usize,
    },
    /// Not one table is there.
    #[error("{} has no table of sockets", .folder.display())]
    None {
        /// The folder.
        folder: PathBuf,
    },
}

impl SocketsError {
    /// Says what to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        "name the folder of the namespace's tables with --proc, /proc/net for this one".to_owned()
    }
}

/// Reads the tables `tcp`, `tcp6`, `udp` and `udp6` of a folder, `/proc/net` for this network namespace.
///
/// # Errors
///
/// [`SocketsError`] when a table cannot be read, or there is none at all. A single one that is not there is none: it stays absent.
pub fn read(folder: &Path) -> Result<Sockets, SocketsError> {
    let table = |name, state| read_table(&folder.join(name), state);
    let sockets = Sockets {
        tcp: table("tcp", LISTENING)?,
        tcp6: table("tcp6", LISTENING)?,
        udp: table("udp", UNCONNECTED)?,
        udp6: table("udp6", UNCONNECTED)?,
    };
    if sockets == Sockets::default() { Err(SocketsError::None { folder: folder.to_owned() }) } else { Ok(sockets) }
}

fn read_table(path: &Path, state: &str) -> Result<Option<Vec<SocketAddr>>, SocketsError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(SocketsError::Read { path: path.to_owned(), source }),
    };
    local_addresses(&text, state).map(Some).map_err(|line| SocketsError::Line { path: path.to_owned(), line })
}
