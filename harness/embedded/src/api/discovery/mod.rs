//! What the server says of itself.

mod groups;
mod openapi;
mod page;
mod review;

pub(super) use page::page;
pub(super) use review::review;
