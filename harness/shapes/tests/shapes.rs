//! Computed configuration against recordings, a real Envoy, and what versions are known to do.
#![expect(clippy::disallowed_methods, reason = "recordings are files, and Envoy is a process")]

mod against;
mod comparing;
