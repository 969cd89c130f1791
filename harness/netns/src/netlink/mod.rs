//! The kernel's netlink: requests with attributes out, answers in.
//!
//! Written here and not taken from a crate: some sixty numbers of attributes are needed, the same types write and read them, and the one permissive
//! crate that knows nftables (netlink-bindings 0.3.5) has no `redir` and 45,000 generated lines for the four families.

mod attribute;
mod request;
mod socket;

pub(crate) use attribute::{Attributes, number, text};
pub(crate) use request::{Body, Requests};
pub(crate) use socket::{Answer, Socket};
