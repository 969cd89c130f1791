//! The truth table of the call matrix: what must answer, what must fail and how, and what nobody has written down.
//!
//! Stated for sidecars with both switches of dual-stack on (`ISTIO_DUAL_STACK` on istiod and in the proxies' metadata), in
//! REDIRECT mode, with kube-proxy's `externalTrafficPolicy: Cluster` and without `masqueradeAll`. Sources are
//! istio/istio:tests/integration/pilot/ds_ep_loadbalancer_test.go, the files named beside each rule, and runs of Istio 1.31 on
//! kind in both family orders.

mod datagram;
mod expected;
mod legs;
mod meshed;
mod naked;
mod server;
mod table;
mod world;

pub use expected::{Answering, Ending, Expected, Failing, HAPPY_EYEBALLS, Peer};
pub use legs::{ClientLeg, Crossing, ServerLeg};
pub use table::expected_call;
pub use world::{MeshWorld, World};

pub use crate::spec::{Mtls, Outbound};
