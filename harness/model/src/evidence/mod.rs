//! The typed bundle: what was collected, in values that checks can compare.
//!
//! Nothing here is a judgement. Every value says where it came from inside the bundle (`place`), so that a finding can
//! point at the file. Raw Envoy and Kubernetes JSON becomes these types in the crate `dualproof-dump`.

mod call;
mod cluster;
mod listener;
mod manifest;
mod netns;
mod objects;
mod proxy;
mod sync;
mod timings;
mod traffic;

pub use call::{AddressKind, Call, CallOutcome, CallStage, DnsQuestion, Target};
pub use cluster::{Cluster, ClusterEndpoints, ClusterName, Direction, HostStatus, LbEndpoint};
pub use listener::{Listener, ListenerStatus, Origin, Protocol, SocketAddress};
pub use manifest::{BUNDLE_SCHEMA, Failure, FailureKind, Manifest, Missing, Repeat, Tool, Versions};
pub use netns::{
    Chain, IdRange, Interface, ListeningSocket, Match, Matcher, Netns, NetnsSource, NeutralChain, NeutralRule,
    PacketFilter, PortRange, Route, Rule, RuleSet, RuleTarget, Table,
};
pub use objects::{
    Backend, EndpointSlice, Meta, Namespace, Node, Objects, Pod, PodRef, RUN_LABEL, Service, ServicePort, SliceEndpoint,
};
pub use proxy::{Proxy, ProxyInfo, RedirectLog, Rejection};
pub use sync::{ProxySync, SyncState, TypeSync};
pub use timings::{StageTiming, Timings, Wait};
pub use traffic::{ACCESS_LOG_MARK, AccessLogError, AccessLogLine, Testimony, Told, access_log_format};

/// Everything that one run collected.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// What the run was, and what of it is missing.
    pub manifest: Manifest,
    /// Kubernetes objects as the API server returned them.
    pub objects: Objects,
    /// One entry for each meshed pod whose proxy could be read.
    pub proxies: Vec<Proxy>,
    /// One entry for each meshed pod of which the kernel's part is known, read on its node or from the log of what set it up.
    pub netns: Vec<Netns>,
    /// Every connection attempt, before and after the mesh.
    pub calls: Vec<Call>,
    /// Every name look-up.
    pub dns: Vec<DnsQuestion>,
    /// Every call of a matrix, in its prober's words.
    pub testimonies: Vec<Testimony>,
    /// What the proxies logged of connections, in no order that means anything.
    pub access_log: Vec<AccessLogLine>,
    /// The control plane's view of its proxies; `None` without a mesh, or when it could not be read (see `manifest.missing`).
    pub sync: Option<SyncState>,
    /// How long each stage took.
    pub timings: Timings,
}
