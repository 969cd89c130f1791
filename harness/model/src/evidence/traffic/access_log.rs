//! One line of a proxy's access log.

use std::net::{SocketAddr, SocketAddrV6};

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::access_log_format as key;
use crate::evidence::{ClusterName, Direction, PodRef};
use crate::family::{AddressError, Host, HostPort};

/// What a proxy says of one connection, or of one HTTP request. A field is `None` where Envoy had nothing to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLogLine {
    /// The proxy's pod.
    pub pod: PodRef,
    /// Where it stands in the bundle.
    pub place: String,
    /// When the connection (for HTTP the request) began, by the proxy's clock.
    pub start: Timestamp,
    /// How long it lasted, in milliseconds.
    pub duration_millis: Option<u64>,
    /// `CONNECTION_ID`: the downstream connection; unique while the proxy lives.
    pub connection: Option<u64>,
    /// `X-REQUEST-ID`; for HTTP alone. Both proxies of a call log the same.
    pub request: Option<String>,
    /// `DOWNSTREAM_REMOTE_ADDRESS`: who connected.
    pub downstream_remote: Option<SocketAddr>,
    /// `DOWNSTREAM_DIRECT_REMOTE_ADDRESS`: the same without what headers claim.
    pub downstream_direct_remote: Option<SocketAddr>,
    /// `DOWNSTREAM_LOCAL_ADDRESS`: what was dialled, before the redirect.
    pub downstream_local: Option<SocketAddr>,
    /// `UPSTREAM_LOCAL_ADDRESS`: the proxy's own socket towards the next one.
    pub upstream_local: Option<SocketAddr>,
    /// `UPSTREAM_HOST`: the first address of the endpoint that was chosen.
    pub upstream_host: Option<SocketAddr>,
    /// `UPSTREAM_REMOTE_ADDRESS`: the address of it that was connected.
    pub upstream_remote: Option<SocketAddr>,
    /// `UPSTREAM_CLUSTER`, without the `;` that Istio puts behind names in statistics.
    pub cluster: Option<String>,
    /// `FILTER_CHAIN_NAME`.
    pub filter_chain: Option<String>,
    /// `ROUTE_NAME`.
    pub route: Option<String>,
    /// `REQUESTED_SERVER_NAME`: the SNI.
    pub server_name: Option<String>,
    /// `PROTOCOL`; for HTTP alone.
    pub protocol: Option<String>,
    /// `RESPONSE_CODE`; `None` for TCP, where Envoy writes 0.
    pub response_code: Option<u64>,
    /// `RESPONSE_CODE_DETAILS`.
    pub response_details: Option<String>,
    /// `RESPONSE_FLAGS`, such as `UF` and `NR`; empty when all went well.
    pub flags: Vec<String>,
    /// `CONNECTION_TERMINATION_DETAILS`.
    pub termination: Option<String>,
    /// `UPSTREAM_TRANSPORT_FAILURE_REASON`.
    pub transport_failure: Option<String>,
    /// Bytes from downstream.
    pub bytes_received: Option<u64>,
    /// Bytes to downstream.
    pub bytes_sent: Option<u64>,
    /// `DOWNSTREAM_PEER_URI_SAN`: who connected, by certificate.
    pub downstream_peer: Option<String>,
    /// `UPSTREAM_PEER_URI_SAN`: who was connected to, by certificate.
    pub upstream_peer: Option<String>,
    /// `DOWNSTREAM_TLS_VERSION`; `None` for plaintext.
    pub downstream_tls: Option<String>,
    /// `UPSTREAM_TLS_VERSION`; `None` for plaintext.
    pub upstream_tls: Option<String>,
    /// The operators whose address was written in the form `::ffff:a.b.c.d`; the fields above hold it as IPv4.
    pub mapped: Vec<&'static str>,
}

/// A line is meant to be ours and cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessLogError {
    /// It begins as a JSON object and is none.
    #[error("{place} is cut or is not JSON: {why}")]
    Cut {
        /// Where it stands in the bundle.
        place: String,
        /// What the parser met.
        why: String,
    },
    /// A value is not what its operator gives.
    #[error("{place} has {key} `{value}`, which is not {expected}")]
    Value {
        /// Where it stands in the bundle.
        place: String,
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
}

impl AccessLogError {
    /// Says what to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Cut { .. } => "read the log again once the proxy has flushed it".to_owned(),
            Self::Value { key, .. } => {
                format!("compare the proxy's accessLogFormat with the one that dualproof sets: key {key}")
            }
        }
    }
}

impl AccessLogLine {
    /// Reads one line of a proxy's log. `None` for a line that is not one of ours: Envoy's and the agent's own words, and access
    /// logs of another format.
    ///
    /// # Errors
    /// For a line that begins as a JSON object and does not end as one, and for one of ours with a value of the wrong kind.
    /// No error: `null`, `-` and absent keys, which all mean that there is nothing to say; addresses that are no IP addresses
    /// (pipes, internal listeners).
    pub fn parse(pod: &PodRef, line: &str, place: &str) -> Result<Option<Self>, AccessLogError> {
        let line = line.trim();
        if !line.starts_with('{') {
            return Ok(None);
        }
        let object: Map<String, Value> = serde_json::from_str(line)
            .map_err(|error| AccessLogError::Cut { place: place.to_owned(), why: error.to_string() })?;
        let (mark, version) = key::ACCESS_LOG_MARK;
        if object.get(mark).and_then(Value::as_str) != Some(version) {
            return Ok(None);
        }
        let read = Fields { object: &object, place };
        let flags = read.text(key::RESPONSE_FLAGS).unwrap_or_default();
        Ok(Some(Self {
            pod: pod.clone(),
            place: place.to_owned(),
            start: read.start()?,
            duration_millis: read.number(key::DURATION)?,
            connection: read.number(key::CONNECTION_ID)?,
            request: read.text(key::REQUEST_ID),
            downstream_remote: read.address(key::DOWNSTREAM_REMOTE_ADDRESS)?,
            downstream_direct_remote: read.address(key::DOWNSTREAM_DIRECT_REMOTE_ADDRESS)?,
            downstream_local: read.address(key::DOWNSTREAM_LOCAL_ADDRESS)?,
            upstream_local: read.address(key::UPSTREAM_LOCAL_ADDRESS)?,
            upstream_host: read.address(key::UPSTREAM_HOST)?,
            upstream_remote: read.address(key::UPSTREAM_REMOTE_ADDRESS)?,
            cluster: read.text(key::UPSTREAM_CLUSTER).map(|name| name.trim_end_matches(';').to_owned()),
            filter_chain: read.text(key::FILTER_CHAIN_NAME),
            route: read.text(key::ROUTE_NAME),
            server_name: read.text(key::REQUESTED_SERVER_NAME),
            protocol: read.text(key::PROTOCOL),
            response_code: read.number(key::RESPONSE_CODE)?.filter(|code| *code != 0),
            response_details: read.text(key::RESPONSE_CODE_DETAILS),
            flags: flags.split(',').filter(|flag| !flag.is_empty()).map(str::to_owned).collect(),
            termination: read.text(key::CONNECTION_TERMINATION_DETAILS),
            transport_failure: read.text(key::UPSTREAM_TRANSPORT_FAILURE_REASON),
            bytes_received: read.number(key::BYTES_RECEIVED)?,
            bytes_sent: read.number(key::BYTES_SENT)?,
            downstream_peer: read.text(key::DOWNSTREAM_PEER_URI_SAN),
            upstream_peer: read.text(key::UPSTREAM_PEER_URI_SAN),
            downstream_tls: read.text(key::DOWNSTREAM_TLS_VERSION),
            upstream_tls: read.text(key::UPSTREAM_TLS_VERSION),
            mapped: ADDRESSES.into_iter().filter(|name| read.is_mapped(name)).collect(),
        }))
    }

    /// Tells which way the connection went, seen from the proxy; `None` when no cluster was chosen.
    #[must_use]
    pub fn direction(&self) -> Option<Direction> {
        let cluster = self.cluster.as_deref()?;
        match cluster {
            // A sidecar's inbound catch-all calls its cluster by the outbound one's name (seen on Istio 1.31).
            "PassthroughCluster" if self.is_at_virtual_inbound() => Some(Direction::Inbound),
            "PassthroughCluster" | "BlackHoleCluster" => Some(Direction::Outbound),
            _ if cluster.starts_with("InboundPassthroughCluster") => Some(Direction::Inbound),
            _ => ClusterName::parse(cluster).map(|name| name.direction),
        }
    }

    fn is_at_virtual_inbound(&self) -> bool {
        self.filter_chain.as_deref().is_some_and(|chain| chain.starts_with("virtualInbound"))
    }

    /// Tells whether the proxy sent the connection on without knowing the Service or the port.
    #[must_use]
    pub fn is_passthrough(&self) -> bool {
        let cluster = self.cluster.as_deref().unwrap_or_default();
        cluster == "PassthroughCluster" || cluster.starts_with("InboundPassthroughCluster")
    }

    /// Tells whether the proxy refused an unknown destination: the cluster for TCP, the route for HTTP
    /// (istio/istio:pilot/pkg/networking/util/util.go `BlackHole`).
    #[must_use]
    pub fn is_black_hole(&self) -> bool {
        self.cluster.as_deref() == Some("BlackHoleCluster") || self.route.as_deref() == Some("block_all")
    }

    /// Returns the address that was connected, or, where the proxy does not say, the endpoint's first.
    #[must_use]
    pub fn upstream(&self) -> Option<SocketAddr> {
        self.upstream_remote.or(self.upstream_host)
    }

    /// Returns who really connected.
    #[must_use]
    pub fn remote(&self) -> Option<SocketAddr> {
        self.downstream_direct_remote.or(self.downstream_remote)
    }
}

const ADDRESSES: [&str; 6] = [
    key::DOWNSTREAM_REMOTE_ADDRESS,
    key::DOWNSTREAM_DIRECT_REMOTE_ADDRESS,
    key::DOWNSTREAM_LOCAL_ADDRESS,
    key::UPSTREAM_LOCAL_ADDRESS,
    key::UPSTREAM_HOST,
    key::UPSTREAM_REMOTE_ADDRESS,
];

struct Fields<'a> {
    object: &'a Map<String, Value>,
    place: &'a str,
}

impl Fields<'_> {
    /// Reads a value as text; Envoy leaves the quotes off numbers.
    fn text(&self, key: &str) -> Option<String> {
        let text = match self.object.get(key)? {
            Value::Null => return None,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        (!text.is_empty() && text != "-").then_some(text)
    }

    fn number(&self, key: &'static str) -> Result<Option<u64>, AccessLogError> {
        let Some(text) = self.text(key) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| self.refused(key, text, "a number"))
    }

    fn address(&self, key: &'static str) -> Result<Option<SocketAddr>, AccessLogError> {
        let Some(text) = self.text(key) else { return Ok(None) };
        if text.starts_with('/') || text.starts_with("envoy://") {
            return Ok(None);
        }
        let parsed: Result<HostPort, AddressError> = text.parse();
        match parsed {
            Ok(HostPort { host: Host::Ip(ip), port }) => Ok(Some(SocketAddr::new(ip, port))),
            Ok(_) | Err(_) => Err(self.refused(key, text, "an address and a port")),
        }
    }

    fn start(&self) -> Result<Timestamp, AccessLogError> {
        let text = self.text(key::START_TIME).unwrap_or_default();
        text.parse().map_err(|_| self.refused(key::START_TIME, text, "a time"))
    }

    fn is_mapped(&self, key: &str) -> bool {
        let address: Option<SocketAddrV6> = self.text(key).and_then(|text| text.parse().ok());
        address.is_some_and(|address| address.ip().to_ipv4_mapped().is_some())
    }

    fn refused(&self, key: &'static str, value: String, expected: &'static str) -> AccessLogError {
        AccessLogError::Value { place: self.place.to_owned(), key, value, expected }
    }
}
