//! EndpointSlices.

use dualproof_model::evidence::{EndpointSlice, PodRef, SliceEndpoint};
use serde::Deserialize;

use super::list::{self, Expected, Item, Metadata};
use crate::DumpError;
use crate::json::or_default;

/// The label that names a slice's Service (`discovery/v1` `LabelServiceName`).
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// A slice has no `spec`. Go prints its lists as `null` when they are empty.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Slice {
    kind: String,
    metadata: Metadata,
    address_type: String,
    #[serde(deserialize_with = "or_default")]
    endpoints: Vec<Endpoint>,
    #[serde(deserialize_with = "or_default")]
    ports: Vec<Port>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Endpoint {
    #[serde(deserialize_with = "or_default")]
    addresses: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    conditions: Conditions,
    target_ref: Option<TargetRef>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Conditions {
    ready: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TargetRef {
    kind: String,
    namespace: String,
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Port {
    port: Option<u16>,
}

impl Item for Slice {
    fn kind(&self) -> &str {
        &self.kind
    }

    fn metadata(&self) -> &Metadata {
        &self.metadata
    }
}

/// Reads EndpointSlices. An absent `ready` means ready; the addresses of an FQDN slice are names and not read; a port without number (all ports)
/// is left out.
///
/// # Errors
/// For empty, foreign and truncated input, for addresses that are none, and for an address type that Kubernetes does not know.
pub fn endpoint_slices(bytes: &[u8], place: &str) -> Result<Vec<EndpointSlice>, DumpError> {
    const SLICES: Expected = Expected { kind: "EndpointSlice", words: "a list of EndpointSlices" };
    list::read(bytes, place, SLICES, |entry, meta, slice: Slice| {
        let family = match slice.address_type.as_str() {
            "FQDN" => None,
            text => Some(text.parse().map_err(|_| entry.value("addressType", text, "IPv4, IPv6 or FQDN"))?),
        };
        let mut endpoints = Vec::new();
        for (index, endpoint) in slice.endpoints.into_iter().enumerate() {
            let mut addresses = Vec::new();
            for (position, address) in endpoint.addresses.iter().enumerate().filter(|_| family.is_some()) {
                addresses.push(entry.ip(|| format!("endpoints[{index}].addresses[{position}]"), address)?);
            }
            let target = endpoint.target_ref.filter(|target| target.kind == "Pod");
            endpoints.push(SliceEndpoint {
                addresses,
                ready: endpoint.conditions.ready.unwrap_or(true),
                pod: target.map(|target| PodRef { namespace: target.namespace, name: target.name }),
            });
        }
        Ok(EndpointSlice {
            service: meta.labels.get(SERVICE_NAME).cloned(),
            meta,
            family,
            endpoints,
            ports: slice.ports.iter().filter_map(|port| port.port).collect(),
        })
    })
}
