//! The control plane's view of its proxies: istiod's `/debug/syncz`.

use std::collections::BTreeMap;

/// What was sent to each proxy, and what it acknowledged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncState {
    /// One entry for each connected proxy.
    pub proxies: Vec<ProxySync>,
}

/// One proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxySync {
    /// `<pod>.<namespace>`.
    pub proxy: String,
    /// The proxy's mesh version.
    pub version: String,
    /// By the short name of the resource type: `Listener`, `Cluster`, `ClusterLoadAssignment`, `RouteConfiguration`.
    pub types: BTreeMap<String, TypeSync>,
    /// Where it stands in the bundle.
    pub place: String,
}

/// One resource type of one proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeSync {
    /// The nonce last sent; empty when nothing was.
    pub sent: String,
    /// The nonce last acknowledged; empty when none was.
    pub acked: String,
    /// The proxy's last refusal; empty when there was none.
    pub error: String,
}

impl TypeSync {
    /// Tells whether the proxy has acknowledged the last push and refused nothing.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        self.sent == self.acked && self.error.is_empty()
    }
}
