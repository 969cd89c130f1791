//! The server: which sockets, whose identity, what is answered.

mod error;
mod identity;
mod listen;
mod open;

mod protocol;

mod start;

pub use error::ServeError;
pub use identity::Identity;
pub use listen::{Host, Listen};
pub use start::{Options, run};
