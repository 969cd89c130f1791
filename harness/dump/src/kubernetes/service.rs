//! Services.

use std::collections::BTreeMap;

use dualproof_model::evidence::{Service, ServicePort};
use dualproof_model::family::IpFamilyPolicy;
use serde::Deserialize;

use super::list::{self, Expected, Ignored, Object};
use crate::DumpError;
use crate::json::or_default;
use crate::place::Entry;

/// What `clusterIP` says of a headless Service (`core/v1` `ClusterIPNone`).
const HEADLESS: &str = "None";

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    ip_family_policy: Option<String>,
    #[serde(deserialize_with = "or_default")]
    ip_families: Vec<String>,
    #[serde(rename = "clusterIPs", deserialize_with = "or_default")]
    cluster_ips: Vec<String>,
    #[serde(rename = "clusterIP", deserialize_with = "or_default")]
    cluster_ip: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(deserialize_with = "or_default")]
    selector: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    ports: Vec<Port>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Port {
    name: String,
    port: u16,
    protocol: String,
    app_protocol: Option<String>,
    node_port: Option<u16>,
}

/// Reads Services. `clusterIPs: ["None"]` means headless; an absent `type` is `ClusterIP` and an absent protocol `TCP`, the API's defaults.
///
/// # Errors
/// For empty, foreign and truncated input, for addresses that are none, and for a policy or family that Kubernetes does not know.
pub fn services(bytes: &[u8], place: &str) -> Result<Vec<Service>, DumpError> {
    const SERVICES: Expected = Expected { kind: "Service", words: "a list of Services" };
    list::read(bytes, place, SERVICES, |entry, meta, service: Object<Spec, Ignored>| {
        let spec = service.spec;
        let headless = spec.cluster_ips.iter().any(|ip| ip == HEADLESS) || spec.cluster_ip == HEADLESS;
        let mut cluster_ips = Vec::new();
        for (index, ip) in spec.cluster_ips.iter().enumerate().filter(|(_, ip)| *ip != HEADLESS) {
            cluster_ips.push(entry.ip(|| format!("spec.clusterIPs[{index}]"), ip)?);
        }
        let cluster_ip = match spec.cluster_ip.as_str() {
            "" | HEADLESS => None,
            ip => Some(entry.ip(|| "spec.clusterIP".to_owned(), ip)?),
        };
        let families = spec.ip_families.iter().enumerate().map(|(index, family)| {
            family.parse().map_err(|_| entry.value(&format!("spec.ipFamilies[{index}]"), family, "IPv4 or IPv6"))
        });
        Ok(Service {
            meta,
            policy: spec.ip_family_policy.as_deref().map(|policy| parse_policy(entry, policy)).transpose()?,
            families: families.collect::<Result<_, _>>()?,
            cluster_ips,
            cluster_ip,
            headless,
            kind: or(spec.kind, "ClusterIP"),
            selector: spec.selector,
            ports: spec.ports.into_iter().map(convert_port).collect(),
        })
    })
}

fn parse_policy(entry: &Entry<'_>, text: &str) -> Result<IpFamilyPolicy, DumpError> {
    [IpFamilyPolicy::SingleStack, IpFamilyPolicy::PreferDualStack, IpFamilyPolicy::RequireDualStack]
        .into_iter()
        .find(|policy| policy.to_string() == text)
        .ok_or_else(|| entry.value("spec.ipFamilyPolicy", text, "SingleStack, PreferDualStack or RequireDualStack"))
}

fn convert_port(port: Port) -> ServicePort {
    ServicePort {
        name: port.name,
        port: port.port,
        protocol: or(port.protocol, "TCP"),
        app_protocol: port.app_protocol,
        node_port: port.node_port.filter(|number| *number != 0),
    }
}

fn or(value: String, default: &str) -> String {
    if value.is_empty() { default.to_owned() } else { value }
}
