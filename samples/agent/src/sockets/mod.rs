//! Which sockets the network namespace has open, from the kernel's tables.

mod table;

mod read;

pub use read::{SocketsError, read};
