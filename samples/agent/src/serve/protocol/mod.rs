//! How each protocol is answered.

mod witness;

mod door;

mod datagrams;
mod http;
mod lines;

pub(super) use datagrams::{converse as over_udp, prepare};
pub(super) use door::keep;
pub(super) use http::converse as over_http;
pub(super) use lines::converse as over_tcp;
pub(super) use witness::Witness;
