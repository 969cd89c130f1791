//! Envoy's listeners, and whether Envoy took what it was sent.

mod address_format_roundtrip;
mod infra_ports_answer_on_every_pod_ip;
mod outbound_listener_covers_all_vips;
mod request_traverses_both_proxies;
mod unknown_destination_policy_each_family;
mod virtual_listeners_bind_both_wildcards;
mod xds_acked_no_rejection;

pub(super) use address_format_roundtrip::ADDRESS_FORMAT_ROUNDTRIP;
pub(super) use infra_ports_answer_on_every_pod_ip::INFRA_PORTS_ANSWER_ON_EVERY_POD_IP;
pub(super) use outbound_listener_covers_all_vips::OUTBOUND_LISTENER_COVERS_ALL_VIPS;
pub(super) use request_traverses_both_proxies::REQUEST_TRAVERSES_BOTH_PROXIES;
pub(super) use unknown_destination_policy_each_family::UNKNOWN_DESTINATION_POLICY_EACH_FAMILY;
pub(super) use virtual_listeners_bind_both_wildcards::VIRTUAL_LISTENERS_BIND_BOTH_WILDCARDS;
pub(super) use xds_acked_no_rejection::XDS_ACKED_NO_REJECTION;
