//! What should be: sets computed from live objects and the version profile, never written down.

mod allocation;
mod baseline;
mod calls;
mod endpoints;
mod families;
mod listeners;
mod sources;

pub use allocation::{Allocation, allocation};
pub use baseline::{Baseline, Probe, baseline};
pub use calls::{
    Answering, ClientLeg, Crossing, Ending, Expected, Failing, HAPPY_EYEBALLS, MeshWorld, Mtls, Outbound, Peer,
    ServerLeg, World, expected_call,
};
pub use endpoints::{endpoint_addresses, endpoint_groups, withdrawn_addresses};
pub use families::{cluster_families, families_of, rank};
pub use listeners::{
    AGENT_PORT, INBOUND, INFRA_PORTS, OUTBOUND, OutboundListener, infra_wildcards, outbound_listener, repeated,
    wildcards,
};
pub use sources::{PassthroughCluster, inbound_source, inbound_sources, passthrough_clusters};
