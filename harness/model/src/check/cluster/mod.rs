//! Envoy's clusters towards its own application.

mod inbound_source_bind_per_family;

pub(super) use inbound_source_bind_per_family::INBOUND_SOURCE_BIND_PER_FAMILY;
