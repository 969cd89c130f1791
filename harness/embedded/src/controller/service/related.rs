//! What must hold between the fields of a Service
//! (kubernetes/kubernetes:pkg/apis/core/validation/validation.go `ValidateServiceClusterIPsRelatedFields`).

use std::collections::BTreeSet;
use std::net::IpAddr;

use dualproof_model::family::{IpFamily, parse_ip};
use serde_json::{Value, json};

use super::fields::{NONE, Seen};
use crate::store::Cause;
use crate::store::object::{number, text};

const POLICIES: [&str; 3] = ["PreferDualStack", "RequireDualStack", "SingleStack"];
const FAMILIES: [&str; 2] = ["IPv4", "IPv6"];

/// Checks families, policy and addresses.
pub(super) fn causes(service: Seen<'_>) -> Vec<Cause> {
    let mut causes = Vec::new();
    let (addresses, families) = (service.cluster_ips(), service.families());
    let all = json!(addresses);
    match (service.cluster_ip(), addresses.first()) {
        ("", Some(_)) => {
            causes.push(Cause::invalid("spec.clusterIPs", &all, "must be empty when `clusterIP` is not specified"));
        }
        ("", None) => {}
        (_, None) => causes.push(Cause::required("spec.clusterIPs", "")),
        (address, Some(first)) if address != first => {
            causes.push(Cause::invalid("spec.clusterIPs", &all, "first value must match `clusterIP`"));
        }
        _ => {}
    }
    let mut seen = BTreeSet::new();
    for (position, family) in families.iter().enumerate() {
        let field = format!("spec.ipFamilies[{position}]");
        if !FAMILIES.contains(&family.as_str()) {
            causes.push(Cause::unsupported(&field, &json!(family), &FAMILIES));
        }
        if !seen.insert(family) {
            let message = format!("Duplicate value: \"{family}\"");
            causes.push(Cause { field, reason: "FieldValueDuplicate", message });
        }
    }
    if let Some(policy) = service.policy().filter(|policy| !POLICIES.contains(policy)) {
        causes.push(Cause::unsupported("spec.ipFamilyPolicy", &json!(policy), &POLICIES));
    }
    let mut parsed: Vec<Option<IpAddr>> = Vec::new();
    let mut unreadable = false;
    for (position, address) in addresses.iter().enumerate() {
        if position == 0 && address == NONE {
            if addresses.len() > 1 {
                unreadable = true;
                causes.push(Cause::invalid("spec.clusterIPs", &all, "'None' must be the first and only value"));
            }
            continue;
        }
        let read = parse_ip(address).ok();
        if read.is_none() {
            unreadable = true;
            let why = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
            causes.push(Cause::invalid(&format!("spec.clusterIPs[{position}]"), &json!(address), why));
        }
        parsed.push(read);
    }
    if addresses.len() > 2 {
        causes.push(Cause::invalid("spec.clusterIPs", &all, "may only hold up to 2 values"));
    }
    if unreadable {
        return causes;
    }
    let kinds: Vec<IpFamily> = parsed.iter().flatten().map(IpFamily::of).collect();
    if kinds.len() > 1 && kinds.iter().collect::<BTreeSet<_>>().len() < kinds.len().min(2) {
        let why = "may specify no more than one IP for each IP family";
        causes.push(Cause::invalid("spec.clusterIPs", &all, why));
    }
    for (position, (kind, family)) in kinds.iter().zip(&families).enumerate() {
        if FAMILIES.contains(&family.as_str()) && kind.to_string() != *family {
            let why = format!("expected an {family} value as indicated by `ipFamilies[{position}]`");
            let field = format!("spec.clusterIPs[{position}]");
            causes.push(Cause::invalid(&field, &json!(addresses[position]), &why));
        }
    }
    causes
}

/// Checks the ports: there is one where there must be, each is in range, names are there and differ.
pub(super) fn ports(service: Seen<'_>) -> Vec<Cause> {
    let mut causes = Vec::new();
    let ports = service.ports();
    if ports.is_empty() && !service.is_external() && !service.is_headless() {
        causes.push(Cause::required("spec.ports", ""));
    }
    let (mut names, mut pairs) = (BTreeSet::new(), BTreeSet::new());
    for (position, port) in ports.iter().enumerate() {
        let field = |name: &str| format!("spec.ports[{position}].{name}");
        let name = text(port, "/name");
        if name.is_empty() && ports.len() > 1 {
            causes.push(Cause::required(&field("name"), ""));
        }
        if !name.is_empty() && !names.insert(name) {
            let message = format!("Duplicate value: \"{name}\"");
            causes.push(Cause { field: field("name"), reason: "FieldValueDuplicate", message });
        }
        let port_number = number(port, "/port").unwrap_or_default();
        let range = "must be between 1 and 65535, inclusive";
        if !(1..=65535).contains(&port_number) {
            causes.push(Cause::invalid(&field("port"), &port_number.into(), range));
        }
        if let Some(target) = number(port, "/targetPort").filter(|target| !(1..=65535).contains(target)) {
            causes.push(Cause::invalid(&field("targetPort"), &target.into(), range));
        }
        let protocol = text(port, "/protocol");
        if !matches!(protocol, "TCP" | "UDP" | "SCTP") {
            causes.push(Cause::unsupported(&field("protocol"), &json!(protocol), &["SCTP", "TCP", "UDP"]));
        }
        if !pairs.insert((port_number, protocol)) {
            let message = format!("Duplicate value: {}", json!({ "port": port_number, "protocol": protocol }));
            causes.push(Cause { field: format!("spec.ports[{position}]"), reason: "FieldValueDuplicate", message });
        }
    }
    if service.kind() == "ExternalName" && text(service.0, "/spec/externalName").is_empty() {
        causes.push(Cause::required("spec.externalName", ""));
    }
    if !matches!(service.kind(), "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalName") {
        let kind = Value::from(service.kind());
        let known = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
        causes.push(Cause::unsupported("spec.type", &kind, &known));
    }
    if service.is_headless() && service.needs_node_ports() {
        let why = format!("may not be set to 'None' for {} services", service.kind());
        causes.push(Cause::invalid("spec.clusterIPs[0]", &json!(NONE), &why));
    }
    causes
}
