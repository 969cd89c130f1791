//! What the control plane answers to those who ask: Istio's debug pages, as far as the harness reads them.

mod desk;
mod envoy;
mod pages;
mod syncz;

pub(super) use desk::Desk;
pub(super) use pages::{listen, serve};
