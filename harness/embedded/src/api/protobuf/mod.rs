//! Objects in Kubernetes' protobuf form, in which kubectl sends what its `create` commands make by themselves
//! (`create namespace`, `create deployment`; never what comes from a file).
//!
//! Only read, and only the kinds and fields that those commands use; what else is in a message is refused, not dropped. Answers are JSON,
//! which every client of Kubernetes accepts.

mod message;
mod schema;
mod wire;

pub(super) use message::read;
