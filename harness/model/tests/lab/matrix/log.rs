//! The line that a proxy logs of a connection.

use std::net::SocketAddr;

use dualproof_model::evidence::{ACCESS_LOG_MARK, AccessLogLine, PodRef, access_log_format};
use serde_json::{Map, Value};

/// A connection that a proxy took and carried on.
pub(super) struct Carried<'a> {
    pub(super) pod: &'a PodRef,
    /// Who connected to what.
    pub(super) downstream: (SocketAddr, SocketAddr),
    /// From where, to which host, over which of its addresses.
    pub(super) upstream: (SocketAddr, SocketAddr, SocketAddr),
    pub(super) cluster: String,
    /// The certificates of the downstream and of the upstream peer.
    pub(super) peers: (Option<String>, Option<String>),
}

/// Writes the line as Envoy does, and reads it back.
pub(super) fn line(number: usize, carried: &Carried<'_>) -> AccessLogLine {
    let (remote, local) = carried.downstream;
    let (own, host, upstream) = carried.upstream;
    let (mark, version) = ACCESS_LOG_MARK;
    let mut fields: Map<String, Value> =
        access_log_format().into_keys().map(|key| (key.to_owned(), Value::Null)).collect();
    let text = |socket: SocketAddr| socket.to_string();
    let known = [
        (mark, version.to_owned()),
        ("START_TIME", "2026-09-01T12:00:07.000123Z".to_owned()),
        ("DOWNSTREAM_REMOTE_ADDRESS", text(remote)),
        ("DOWNSTREAM_DIRECT_REMOTE_ADDRESS", text(remote)),
        ("DOWNSTREAM_LOCAL_ADDRESS", text(local)),
        ("UPSTREAM_LOCAL_ADDRESS", text(own)),
        ("UPSTREAM_HOST", text(host)),
        ("UPSTREAM_REMOTE_ADDRESS", text(upstream)),
        ("UPSTREAM_CLUSTER", carried.cluster.clone()),
        ("DOWNSTREAM_PEER_URI_SAN", carried.peers.0.clone().unwrap_or_else(|| "-".to_owned())),
        ("UPSTREAM_PEER_URI_SAN", carried.peers.1.clone().unwrap_or_else(|| "-".to_owned())),
    ];
    for (key, value) in known {
        assert!(fields.insert(key.to_owned(), value.into()).is_some(), "the format has no key {key}");
    }
    read(number, carried.pod, fields)
}

/// The line of a connection that a proxy took and sent to nowhere.
pub(super) fn refusal(number: usize, pod: &PodRef, (remote, local): (SocketAddr, SocketAddr)) -> AccessLogLine {
    let (mark, version) = ACCESS_LOG_MARK;
    let mut fields: Map<String, Value> =
        access_log_format().into_keys().map(|key| (key.to_owned(), Value::Null)).collect();
    let known = [
        (mark, version.to_owned()),
        ("START_TIME", "2026-09-01T12:00:07.000123Z".to_owned()),
        ("DOWNSTREAM_REMOTE_ADDRESS", remote.to_string()),
        ("DOWNSTREAM_DIRECT_REMOTE_ADDRESS", remote.to_string()),
        ("DOWNSTREAM_LOCAL_ADDRESS", local.to_string()),
        ("UPSTREAM_CLUSTER", "BlackHoleCluster".to_owned()),
        ("RESPONSE_FLAGS", "UH".to_owned()),
    ];
    for (key, value) in known {
        assert!(fields.insert(key.to_owned(), value.into()).is_some(), "the format has no key {key}");
    }
    read(number, pod, fields)
}

fn read(number: usize, pod: &PodRef, mut fields: Map<String, Value>) -> AccessLogLine {
    fields.insert("CONNECTION_ID".to_owned(), number.into());
    fields.insert("DURATION".to_owned(), 3.into());
    let place = format!("access/{}/{}.log#L{}", pod.namespace, pod.name, number + 1);
    match AccessLogLine::parse(pod, &Value::Object(fields).to_string(), &place) {
        Ok(Some(line)) => line,
        other => panic!("{other:?}"),
    }
}
