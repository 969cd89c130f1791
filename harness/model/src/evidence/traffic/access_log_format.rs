//! The access log that the harness asks of the proxies: one table for what is configured and what is read.

use std::collections::BTreeMap;

/// Key and value that tell our lines from others in a proxy's log. The value changes when the meaning of a key does.
pub const ACCESS_LOG_MARK: (&str, &str) = ("ACCESS_LOG", "dualproof/1");

pub(super) const BYTES_RECEIVED: &str = "BYTES_RECEIVED";
pub(super) const BYTES_SENT: &str = "BYTES_SENT";
pub(super) const CONNECTION_ID: &str = "CONNECTION_ID";
pub(super) const CONNECTION_TERMINATION_DETAILS: &str = "CONNECTION_TERMINATION_DETAILS";
pub(super) const DOWNSTREAM_DIRECT_REMOTE_ADDRESS: &str = "DOWNSTREAM_DIRECT_REMOTE_ADDRESS";
pub(super) const DOWNSTREAM_LOCAL_ADDRESS: &str = "DOWNSTREAM_LOCAL_ADDRESS";
pub(super) const DOWNSTREAM_PEER_URI_SAN: &str = "DOWNSTREAM_PEER_URI_SAN";
pub(super) const DOWNSTREAM_REMOTE_ADDRESS: &str = "DOWNSTREAM_REMOTE_ADDRESS";
pub(super) const DOWNSTREAM_TLS_VERSION: &str = "DOWNSTREAM_TLS_VERSION";
pub(super) const DURATION: &str = "DURATION";
pub(super) const FILTER_CHAIN_NAME: &str = "FILTER_CHAIN_NAME";
pub(super) const PROTOCOL: &str = "PROTOCOL";
pub(super) const REQUESTED_SERVER_NAME: &str = "REQUESTED_SERVER_NAME";
pub(super) const REQUEST_ID: &str = "REQUEST_ID";
pub(super) const RESPONSE_CODE: &str = "RESPONSE_CODE";
pub(super) const RESPONSE_CODE_DETAILS: &str = "RESPONSE_CODE_DETAILS";
pub(super) const RESPONSE_FLAGS: &str = "RESPONSE_FLAGS";
pub(super) const ROUTE_NAME: &str = "ROUTE_NAME";
pub(super) const START_TIME: &str = "START_TIME";
pub(super) const UPSTREAM_CLUSTER: &str = "UPSTREAM_CLUSTER";
pub(super) const UPSTREAM_HOST: &str = "UPSTREAM_HOST";
pub(super) const UPSTREAM_LOCAL_ADDRESS: &str = "UPSTREAM_LOCAL_ADDRESS";
pub(super) const UPSTREAM_PEER_URI_SAN: &str = "UPSTREAM_PEER_URI_SAN";
pub(super) const UPSTREAM_REMOTE_ADDRESS: &str = "UPSTREAM_REMOTE_ADDRESS";
pub(super) const UPSTREAM_TLS_VERSION: &str = "UPSTREAM_TLS_VERSION";
pub(super) const UPSTREAM_TRANSPORT_FAILURE_REASON: &str = "UPSTREAM_TRANSPORT_FAILURE_REASON";

/// Keys and the command operators that fill them, by Envoy's names
/// (envoyproxy/envoy:docs/root/configuration/observability/access_log/usage.rst). All are built into every Envoy; none needs a
/// formatter extension. `UPSTREAM_HOST` is the host's first address whatever was dialled; `UPSTREAM_REMOTE_ADDRESS` is the one
/// that was connected, which is where Happy Eyeballs shows.
const OPERATORS: [(&str, &str); 27] = [
    ACCESS_LOG_MARK,
    (BYTES_RECEIVED, "%BYTES_RECEIVED%"),
    (BYTES_SENT, "%BYTES_SENT%"),
    (CONNECTION_ID, "%CONNECTION_ID%"),
    (CONNECTION_TERMINATION_DETAILS, "%CONNECTION_TERMINATION_DETAILS%"),
    (DOWNSTREAM_DIRECT_REMOTE_ADDRESS, "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%"),
    (DOWNSTREAM_LOCAL_ADDRESS, "%DOWNSTREAM_LOCAL_ADDRESS%"),
    (DOWNSTREAM_PEER_URI_SAN, "%DOWNSTREAM_PEER_URI_SAN%"),
    (DOWNSTREAM_REMOTE_ADDRESS, "%DOWNSTREAM_REMOTE_ADDRESS%"),
    (DOWNSTREAM_TLS_VERSION, "%DOWNSTREAM_TLS_VERSION%"),
    (DURATION, "%DURATION%"),
    (FILTER_CHAIN_NAME, "%FILTER_CHAIN_NAME%"),
    (PROTOCOL, "%PROTOCOL%"),
    (REQUESTED_SERVER_NAME, "%REQUESTED_SERVER_NAME%"),
    (REQUEST_ID, "%REQ(X-REQUEST-ID)%"),
    (RESPONSE_CODE, "%RESPONSE_CODE%"),
    (RESPONSE_CODE_DETAILS, "%RESPONSE_CODE_DETAILS%"),
    (RESPONSE_FLAGS, "%RESPONSE_FLAGS%"),
    (ROUTE_NAME, "%ROUTE_NAME%"),
    (START_TIME, "%START_TIME(%Y-%m-%dT%H:%M:%S.%6fZ)%"),
    (UPSTREAM_CLUSTER, "%UPSTREAM_CLUSTER%"),
    (UPSTREAM_HOST, "%UPSTREAM_HOST%"),
    (UPSTREAM_LOCAL_ADDRESS, "%UPSTREAM_LOCAL_ADDRESS%"),
    (UPSTREAM_PEER_URI_SAN, "%UPSTREAM_PEER_URI_SAN%"),
    (UPSTREAM_REMOTE_ADDRESS, "%UPSTREAM_REMOTE_ADDRESS%"),
    (UPSTREAM_TLS_VERSION, "%UPSTREAM_TLS_VERSION%"),
    (UPSTREAM_TRANSPORT_FAILURE_REASON, "%UPSTREAM_TRANSPORT_FAILURE_REASON%"),
];

/// Returns the JSON access log format to configure: keys and what Envoy puts there (`meshConfig.accessLogFormat` with
/// `accessLogEncoding: JSON`). [`super::AccessLogLine::parse`] reads what comes of it.
#[must_use]
pub fn access_log_format() -> BTreeMap<&'static str, &'static str> {
    OPERATORS.into()
}
