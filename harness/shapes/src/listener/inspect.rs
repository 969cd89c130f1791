//! Listener filters that look into a connection before a chain is chosen
//! (istio/istio:pilot/pkg/networking/core/listener_inbound.go `populateListenerFilters`).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::envoy::{extension, fields, typed, with};

const FILTER: &str = "envoy.extensions.filters.listener";

/// Which inspectors the chains of each port need; port 0 stands for all that are not named.
#[derive(Default)]
pub(super) struct Inspectors {
    ports: BTreeMap<u16, Needs>,
}

#[derive(Clone, Copy, Default)]
struct Needs {
    tls: bool,
    http: bool,
}

impl Inspectors {
    /// Notes what one chain of a port needs.
    pub(super) fn note(&mut self, port: u16, tls: bool, http: bool) {
        let needs = self.ports.entry(port).or_default();
        needs.tls |= tls;
        needs.http |= http;
    }

    /// Makes the listener filters of the inbound listener.
    pub(super) fn filters(&self) -> Vec<Value> {
        let mut filters = vec![extension(
            "envoy.filters.listener.original_dst",
            typed(&format!("{FILTER}.original_dst.v3.OriginalDst"), json!({})),
        )];
        if self.ports.values().any(|needs| needs.tls) {
            let tls = extension(
                "envoy.filters.listener.tls_inspector",
                typed(&format!("{FILTER}.tls_inspector.v3.TlsInspector"), json!({ "initial_read_buffer_size": 512 })),
            );
            filters.push(with(tls, [("filter_disabled", self.tls_disabled())]));
        }
        if self.ports.values().any(|needs| needs.http) {
            let without = self.ports_where(|needs| !needs.http);
            let disabled = (!without.is_empty()).then(|| any_port(&without));
            filters.push(with(http_inspector(), [("filter_disabled", disabled)]));
        }
        filters
    }

    fn tls_disabled(&self) -> Option<Value> {
        let named = |wanted: bool| -> Vec<u16> {
            self.ports_where(|needs| needs.tls == wanted).into_iter().filter(|port| *port != 0).collect()
        };
        if self.ports.get(&0).is_some_and(|needs| needs.tls) {
            let without = named(false);
            return (!without.is_empty()).then(|| any_port(&without));
        }
        let with = named(true);
        (!with.is_empty()).then(|| json!({ "not_match": any_port(&with) }))
    }

    fn ports_where(&self, wanted: impl Fn(&Needs) -> bool) -> Vec<u16> {
        self.ports.iter().filter(|(_, needs)| wanted(needs)).map(|(port, _)| *port).collect()
    }
}

/// The inspector that finds HTTP in plaintext.
pub(super) fn http_inspector() -> Value {
    extension(
        "envoy.filters.listener.http_inspector",
        typed(&format!("{FILTER}.http_inspector.v3.HttpInspector"), json!({})),
    )
}

fn any_port(ports: &[u16]) -> Value {
    let ranges: Vec<Value> = ports
        .iter()
        .map(|port| {
            let start = (*port != 0).then(|| json!(port));
            let range = fields([("start", start), ("end", Some(json!(u32::from(*port) + 1)))]);
            json!({ "destination_port_range": range })
        })
        .collect();
    match ranges.as_slice() {
        [only] => only.clone(),
        _ => json!({ "or_match": { "rules": ranges } }),
    }
}
