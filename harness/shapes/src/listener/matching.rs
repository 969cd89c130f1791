//! Which connections a filter chain of a port takes (istio/istio:pilot/pkg/networking/core/filterchain_options.go).

use serde_json::{Value, json};

use crate::envoy::fields;
use crate::world::{MtlsMode, Protocol};

/// What a chain does with the bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Handling {
    Http,
    Tcp,
}

/// One chain of a port.
#[derive(Clone, Copy)]
pub(super) struct Chain {
    pub(super) handling: Handling,
    /// It ends mTLS.
    pub(super) ends_tls: bool,
    /// `tls` or `raw_buffer`.
    transport: &'static str,
    /// Application protocols; empty for all.
    protocols: &'static [&'static str],
}

/// What a sidecar offers when it has seen HTTP.
const MESH_HTTP: &[&str] = &["istio-http/1.0", "istio-http/1.1", "istio-h2"];
/// What a sidecar offers otherwise.
const MESH_TCP: &[&str] = &["istio-peer-exchange", "istio"];
/// Both.
const MESH: &[&str] = &["istio", "istio-peer-exchange", "istio-http/1.0", "istio-http/1.1", "istio-h2"];
/// What the HTTP inspector finds in plaintext.
pub(super) const PLAIN_HTTP: &[&str] = &["http/1.1", "h2c"];

const fn mtls(handling: Handling, protocols: &'static [&'static str]) -> Chain {
    Chain { handling, ends_tls: true, transport: "tls", protocols }
}

const fn plain(handling: Handling, protocols: &'static [&'static str]) -> Chain {
    Chain { handling, ends_tls: false, transport: "raw_buffer", protocols }
}

/// TLS that is the application's own.
const FOREIGN_TLS: Chain = Chain { handling: Handling::Tcp, ends_tls: false, transport: "tls", protocols: &[] };

/// Lists the chains of a port, in the order in which Istio has them.
pub(super) fn chains(protocol: Protocol, mode: MtlsMode) -> Vec<Chain> {
    use Handling::{Http, Tcp};
    match (protocol, mode) {
        (Protocol::Http | Protocol::Http2 | Protocol::Grpc, MtlsMode::Strict) => vec![mtls(Http, &[])],
        (Protocol::Http | Protocol::Http2 | Protocol::Grpc, MtlsMode::Permissive) => {
            vec![mtls(Http, MESH), plain(Http, &[])]
        }
        (Protocol::Http | Protocol::Http2 | Protocol::Grpc, MtlsMode::Disable) => vec![plain(Http, &[])],
        (Protocol::Auto, MtlsMode::Strict) => vec![mtls(Http, MESH_HTTP), mtls(Tcp, &[])],
        (Protocol::Auto, MtlsMode::Permissive) => {
            vec![mtls(Http, MESH_HTTP), plain(Http, PLAIN_HTTP), mtls(Tcp, MESH_TCP), plain(Tcp, &[]), FOREIGN_TLS]
        }
        (Protocol::Auto, MtlsMode::Disable) => vec![plain(Http, PLAIN_HTTP), plain(Tcp, &[])],
        (Protocol::Tcp | Protocol::Datagram, MtlsMode::Strict) => vec![mtls(Tcp, &[])],
        (Protocol::Tcp | Protocol::Datagram, MtlsMode::Permissive) => {
            vec![mtls(Tcp, MESH), FOREIGN_TLS, plain(Tcp, &[])]
        }
        (Protocol::Tcp | Protocol::Datagram, MtlsMode::Disable) => vec![plain(Tcp, &[])],
    }
}

impl Chain {
    /// Spells `filter_chain_match`; `ranges` narrows it to addresses, for versions that have a passthrough for each family.
    pub(super) fn to_match(self, port: Option<u16>, ranges: Option<&Value>) -> Value {
        let protocols = (!self.protocols.is_empty()).then(|| json!(self.protocols));
        Value::Object(fields([
            ("destination_port", port.map(|port| json!(port))),
            ("prefix_ranges", ranges.cloned()),
            ("transport_protocol", Some(json!(self.transport))),
            ("application_protocols", protocols),
        ]))
    }

    /// Tells whether the TLS inspector must look first.
    pub(super) fn needs_tls_inspector(self) -> bool {
        self.transport == "tls"
    }

    /// Tells whether the HTTP inspector must look first.
    pub(super) fn needs_http_inspector(self) -> bool {
        self.protocols == PLAIN_HTTP
    }
}
