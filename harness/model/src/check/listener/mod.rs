//! Envoy's listeners, and whether Envoy took what it was sent.

mod outbound_listener_covers_all_vips;
mod request_traverses_both_proxies;
mod virtual_listeners_bind_both_wildcards;
mod xds_acked_no_rejection;

pub(super) use outbound_listener_covers_all_vips::OUTBOUND_LISTENER_COVERS_ALL_VIPS;
pub(super) use request_traverses_both_proxies::REQUEST_TRAVERSES_BOTH_PROXIES;
pub(super) use virtual_listeners_bind_both_wildcards::VIRTUAL_LISTENERS_BIND_BOTH_WILDCARDS;
pub(super) use xds_acked_no_rejection::XDS_ACKED_NO_REJECTION;
