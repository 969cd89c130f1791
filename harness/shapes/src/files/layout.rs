//! Where files lie, and what the machine needs beside them.

/// How a sidecar's files are laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The folder that Envoy will find the files in, as an absolute path in Envoy's mount namespace.
    pub folder: String,
    /// The workload's certificates.
    pub certificates: Certificates,
    /// A mark for everything that Envoy itself dials (`SO_MARK`), by which a redirect that cannot go by user tells it; `None` sets
    /// none. It needs CAP_NET_ADMIN in Envoy's network namespace.
    pub mark: Option<u32>,
    /// How endpoints and routes are delivered.
    pub delivery: Delivery,
    /// Who answers for the pod's readiness on 15021.
    pub readiness: Readiness,
}

/// Paths of PEM files, as Envoy finds them. They are read when a secret's file is, and again when one of them is moved into place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificates {
    /// The workload's certificate and what leads to its root.
    pub chain: String,
    /// Its key.
    pub key: String,
    /// The roots that peers are checked against.
    pub roots: String,
}

/// How endpoints and routes are delivered. Listeners, clusters and secrets always are files of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Inside the clusters and listeners that use them: two files, two watches. Clusters of type EDS become STATIC; a change of
    /// endpoints replaces its cluster.
    Inline,
    /// In a file for each cluster and each set of routes, as they change on their own. Each takes an inotify instance.
    Watched,
}

/// Who answers for the pod's readiness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// The pod's agent on port 15020, as in Istio.
    Agent,
    /// Envoy itself, with 200: it answers nothing before it has its first listeners and clusters.
    Proxy,
}
