//! Services.

use std::collections::BTreeMap;
use std::net::IpAddr;

/// A Service that sidecars hear of. ExternalName Services are none: they have no address and no listener.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// `metadata.creationTimestamp` as it is written; where two Services claim the same thing, the older one wins.
    pub created: String,
    /// `spec.clusterIPs`, in their order; empty when headless.
    pub cluster_ips: Vec<IpAddr>,
    /// `clusterIP: None`.
    pub headless: bool,
    /// `spec.selector`; empty when the Service has none.
    pub selector: BTreeMap<String, String>,
    /// `spec.ports`, in their order.
    pub ports: Vec<ServicePort>,
}

/// A port of a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePort {
    /// Its name; empty when it has none.
    pub name: String,
    /// The port that clients dial.
    pub number: u16,
    /// What the mesh takes it for.
    pub protocol: Protocol,
    /// Where it leads in the pod.
    pub target: TargetPort,
}

/// Where a port leads in the pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetPort {
    /// A number.
    Number(u16),
    /// The name of a container's port.
    Name(String),
}

/// What the mesh takes a port for (istio/istio:pkg/config/kube/conversion.go `ConvertProtocol`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Bytes, also those of TLS, Mongo, MySQL and Redis.
    Tcp,
    /// HTTP/1.
    Http,
    /// HTTP/2.
    Http2,
    /// gRPC, which is HTTP/2 that must not be retried on its own.
    Grpc,
    /// Nothing says it: the proxy looks at the first bytes.
    Auto,
    /// No TCP: no sidecar touches it.
    Datagram,
}

/// Ports whose servers speak first, so nothing is sniffed there.
const SERVER_FIRST: [u16; 4] = [25, 53, 3306, 27017];

impl Protocol {
    /// Reads the protocol off a port's transport, name and `appProtocol`, in Istio's order: `appProtocol`, then the name up to its
    /// first `-`.
    #[must_use]
    pub fn of(port: u16, transport: &str, name: &str, app: Option<&str>) -> Self {
        if !matches!(transport, "TCP" | "") {
            return Self::Datagram;
        }
        let word = app.unwrap_or(name).to_ascii_lowercase();
        match word.as_str() {
            "kubernetes.io/h2c" => return Self::Http2,
            "kubernetes.io/ws" => return Self::Http,
            "kubernetes.io/wss" => return Self::Tcp,
            _ => {}
        }
        match word.split('-').next().unwrap_or_default() {
            "http" => Self::Http,
            "http2" => Self::Http2,
            "grpc" => Self::Grpc,
            "tcp" | "https" | "tls" | "mongo" | "redis" | "mysql" => Self::Tcp,
            "udp" => Self::Datagram,
            _ if SERVER_FIRST.contains(&port) => Self::Tcp,
            _ => Self::Auto,
        }
    }
}

impl Protocol {
    /// Tells whether it is HTTP of any version, so that all Services share a port's listener.
    #[must_use]
    pub fn is_http(self) -> bool {
        self == Self::Http || self.is_http2()
    }

    /// Tells whether it is HTTP/2.
    #[must_use]
    pub fn is_http2(self) -> bool {
        matches!(self, Self::Http2 | Self::Grpc)
    }
}

impl Service {
    /// Spells the Service's host name in a cluster's domain.
    #[must_use]
    pub fn host(&self, domain: &str) -> String {
        format!("{}.{}.svc.{domain}", self.name, self.namespace)
    }

    /// Tells whether the selector picks these labels; a Service without selector picks nothing.
    #[must_use]
    pub fn selects(&self, namespace: &str, labels: &BTreeMap<String, String>) -> bool {
        self.namespace == namespace
            && !self.selector.is_empty()
            && self.selector.iter().all(|(key, value)| labels.get(key) == Some(value))
    }

    /// The key of the order in which Services come before each other: age, then name and namespace
    /// (istio/istio:pilot/pkg/model/push_context.go `SortServicesByCreationTime`).
    #[must_use]
    pub fn age(&self) -> (&str, String) {
        (&self.created, format!("{}.{}", self.name, self.namespace))
    }
}

impl ServicePort {
    /// Tells whether the port carries a stream, which is all that a sidecar handles.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.protocol != Protocol::Datagram
    }
}
