//! The cluster's DNS: Services and EndpointSlices to a [`Zone`], and a [`Zone`] to answers over UDP and TCP.
//!
//! It answers as CoreDNS's `kubernetes` plugin does with kind's Corefile (`pods insecure`, TTL 30), which follows the
//! schema 1.1.0 of kubernetes/dns, docs/specification.md. Nothing is forwarded: a name outside the cluster is refused at once.

mod fault;
mod zone;

mod build;
mod lookup;

mod answer;

mod error;
mod serve;
mod switch;

pub use answer::{Transport, answer};
pub use build::{Built, LeftOut, Objects};
pub use error::DnsError;
pub use fault::{Effect, Fault};
pub use hickory_proto::rr::{Name, RecordType};
pub use serve::{Server, serve};
pub use switch::Switch;
pub use zone::Zone;
