//! mTLS between sidecars.

use serde_json::{Value, json};

use super::source::sds;
use super::typed;

const TLS: &str = "envoy.transport_sockets.tls";
/// The suites that a sidecar takes below TLS 1.3 (istio/istio:pilot/pkg/security/authn/utils/utils.go `SupportedCiphers`).
const CIPHERS: [&str; 6] = [
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-GCM-SHA256",
];

/// The transport socket of a server: any peer of the trust domain.
pub(crate) fn downstream_tls(trust_domain: &str) -> Value {
    let peers = json!({ "match_subject_alt_names": [{ "prefix": format!("spiffe://{trust_domain}/") }] });
    let mut common = common(&["h2", "http/1.1"], peers);
    common["tls_params"]["cipher_suites"] = json!(CIPHERS);
    let context = json!({ "common_tls_context": common, "require_client_certificate": true });
    json!({
        "name": TLS,
        "typed_config": typed("envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext", context),
    })
}

/// The transport socket of a client: only these identities. None at all takes every peer of the root's.
pub(crate) fn upstream_tls(identities: &[String], host: &str, port: u16, http2: bool) -> Value {
    let exact: Vec<Value> = identities.iter().map(|identity| json!({ "exact": identity })).collect();
    let peers = if exact.is_empty() { json!({}) } else { json!({ "match_subject_alt_names": exact }) };
    let protocols: &[&str] = if http2 { &["istio", "h2"] } else { &["istio"] };
    let context =
        json!({ "common_tls_context": common(protocols, peers), "sni": format!("outbound_.{port}_._.{host}") });
    json!({
        "name": TLS,
        "typed_config": typed("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", context),
    })
}

fn common(protocols: &[&str], peers: Value) -> Value {
    json!({
        "tls_params": { "tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3" },
        "alpn_protocols": protocols,
        "tls_certificate_sds_secret_configs": [{ "name": "default", "sds_config": sds() }],
        "combined_validation_context": {
            "default_validation_context": peers,
            "validation_context_sds_secret_config": { "name": "ROOTCA", "sds_config": sds() },
        },
    })
}
