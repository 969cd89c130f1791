//! The same configuration for an Envoy that is fed from files instead of by istiod.
//!
//! Only where configuration comes from is changed, in one place: the streams of istiod and of the pod's agent become files that are
//! moved into place. Envoy takes one resource a file for endpoints, routes and secrets, and opens an inotify instance for each file
//! that it watches; a machine allows its user 128 of those by default, so [`Delivery::Inline`] is for more than a few sidecars.

mod layout;
mod render;
mod source;
mod startup;

pub use layout::{Certificates, Delivery, Layout, Readiness};
pub use render::Files;
