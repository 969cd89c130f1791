//! EndpointSlices of Services, one family each.

mod ports;
mod reconcile;

pub(super) use reconcile::endpoints;
