//! One proxy: who it is, what it was told, what it holds.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Cluster, ClusterEndpoints, HostStatus, Listener, ListenerStatus, PodRef};

/// A proxy and what its admin API said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Proxy {
    /// Its pod.
    pub pod: PodRef,
    /// Its folder in the bundle: `proxies/<namespace>/<pod>`.
    pub place: String,
    /// `/server_info`.
    pub info: ProxyInfo,
    /// Listeners of `config_dump`, static and dynamic.
    pub listeners: Vec<Listener>,
    /// Listeners of `/listeners`.
    pub listener_statuses: Vec<ListenerStatus>,
    /// Clusters of `config_dump`, static and dynamic.
    pub clusters: Vec<Cluster>,
    /// Endpoints of `config_dump?include_eds`, without the inbound clusters' passing hosts.
    pub endpoints: Vec<ClusterEndpoints>,
    /// Hosts of `/clusters`, after the calls.
    pub hosts: Vec<HostStatus>,
    /// The same before the calls of a matrix; `None` where the proxies' logs were had, which tell more.
    pub hosts_before: Option<Vec<HostStatus>>,
    /// What Envoy refused.
    pub rejections: Vec<Rejection>,
    /// Counters of `/stats`, those that were asked for.
    pub stats: BTreeMap<String, u64>,
    /// What the init container said of the redirect; `None` when there was no such log (CNI, native nftables, or lost).
    pub redirect: Option<RedirectLog>,
}

/// `/server_info`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyInfo {
    /// `version`, such as `c2797f…/1.39.3/Clean/RELEASE/BoringSSL`.
    pub envoy: String,
    /// `node.metadata.ISTIO_VERSION`; empty when it does not say.
    pub mesh: String,
    /// `state`, `LIVE` when it serves.
    pub state: String,
    /// `node.metadata.INSTANCE_IPS`, in their order: the addresses from which istiod derives the proxy's IP mode.
    pub instance_ips: Vec<IpAddr>,
}

/// A configuration that Envoy refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejection {
    /// `listener`, `cluster` or `route`.
    pub kind: String,
    /// The resource's name; empty when the dump does not give it.
    pub name: String,
    /// Why, in Envoy's words.
    pub details: String,
    /// Where it stands in the bundle.
    pub place: String,
}

/// The effective redirect of a pod, from istio-init's log
/// (istio/istio:tools/common/config/config.go prints it as `KEY=value` lines).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RedirectLog {
    /// `ENABLE_INBOUND_IPV6`: rules for IPv6, and `::6` on `lo`. `None` when the log does not say.
    pub inbound_ipv6: Option<bool>,
    /// `DUAL_STACK`. `None` when the log does not say.
    pub dual_stack: Option<bool>,
    /// Where it stands in the bundle.
    pub place: String,
}
