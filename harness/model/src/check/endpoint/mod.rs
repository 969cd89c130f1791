//! Envoy's endpoints.

mod endpoint_dump_covers_pod_ips;
mod endpoint_primary_follows_podips;

pub(super) use endpoint_dump_covers_pod_ips::ENDPOINT_DUMP_COVERS_POD_IPS;
pub(super) use endpoint_primary_follows_podips::ENDPOINT_PRIMARY_FOLLOWS_PODIPS;
