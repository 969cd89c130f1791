//! A network and mount namespace that one thread holds.

mod hold;
mod mounts;
mod network;
mod sockets;
mod sysctl;

pub use hold::Namespace;
