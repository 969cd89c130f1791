//! The layers at which a family can be lost, in the order in which a connection meets them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A layer. The order is DESIGN's: the first broken layer is the one to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// The cluster itself: nodes, network, DNS, before any mesh.
    Environment,
    /// Services, pods, EndpointSlices.
    Objects,
    /// What names resolve to.
    Dns,
    /// kube-proxy and the node network.
    ServicePath,
    /// Redirect rules and addresses inside the pod.
    Redirect,
    /// Envoy's listeners.
    Listener,
    /// Envoy's routes.
    Route,
    /// Envoy's clusters.
    Cluster,
    /// Envoy's endpoints.
    Endpoint,
    /// TLS and identity between proxies.
    Transport,
    /// The application's reply.
    Application,
}

impl Layer {
    /// Spells the layer.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Objects => "objects",
            Self::Dns => "dns",
            Self::ServicePath => "service-path",
            Self::Redirect => "redirect",
            Self::Listener => "listener",
            Self::Route => "route",
            Self::Cluster => "cluster",
            Self::Endpoint => "endpoint",
            Self::Transport => "transport",
            Self::Application => "application",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
