//! One exchange with one address, by protocol.

mod connect;
mod noted;
mod text;
mod turn;

mod datagram;
mod http;
mod lines;

mod attempt;

pub(super) use attempt::attempt;
pub(super) use turn::Turn;
