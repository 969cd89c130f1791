//! Changes of Services that are there
//! (kubernetes/kubernetes:pkg/registry/core/service/strategy.go, pkg/apis/core/validation/validation.go).

use serde_json::{Value, json};

use super::fields::{Fields, Seen};
use crate::store::Cause;
use crate::store::object::number;

/// Brings `clusterIP` and `clusterIPs` together where the client wrote only one of them.
pub(super) fn normalize(service: &mut Fields<'_>, before: Option<Seen<'_>>) {
    let address = service.seen().cluster_ip().to_owned();
    let addresses = service.seen().cluster_ips();
    let Some(before) = before else {
        match (address.as_str(), addresses.as_slice()) {
            ("", [_, ..]) => service.set_cluster_ips(&addresses),
            ("", []) => service.set_cluster_ips(&[]),
            (_, []) => service.set_cluster_ips(&[address]),
            _ => {}
        }
        return;
    };
    let same_all = addresses == before.cluster_ips();
    // The client wrote the one and left the other as it was.
    if address != before.cluster_ip() && same_all {
        let written = if address.is_empty() { Vec::new() } else { vec![address.clone()] };
        service.set_cluster_ips(&written);
    } else if !addresses.is_empty()
        && (address.is_empty() || (address == before.cluster_ip() && !same_all && addresses[0] != address))
    {
        service.set_cluster_ips(&addresses);
    }
}

/// Keeps what was allocated where the client left it out.
pub(super) fn keep_allocated(service: &mut Fields<'_>, before: Seen<'_>) {
    if !before.is_external() && !service.seen().is_external() {
        let (address, addresses) = (service.seen().cluster_ip().to_owned(), service.seen().cluster_ips());
        if (address.is_empty() || address == before.cluster_ip()) && addresses.is_empty() {
            service.set_cluster_ips(&before.cluster_ips());
        }
        if service.seen().families().is_empty() && service.seen().cluster_ips() == before.cluster_ips() {
            service.set_families(&before.families());
        }
    }
    if !service.seen().needs_node_ports() {
        if before.needs_node_ports() {
            drop_node_ports(service, before);
        }
        return;
    }
    let used = |port: &&Value| number(port, "/nodePort").unwrap_or_default() > 0;
    if before.needs_node_ports() && !service.seen().ports().iter().any(|port| used(&port)) {
        let known = before.ports().to_vec();
        if let Some(Value::Array(ports)) = service.0.pointer_mut("/spec/ports") {
            for port in ports {
                let same = |old: &&Value| old["port"] == port["port"] && old["protocol"] == port["protocol"];
                if let Some(old) = known.iter().find(same).filter(used) {
                    port["nodePort"] = old["nodePort"].clone();
                }
            }
        }
    }
}

/// A Service that needs no node ports any more loses those that it only kept.
fn drop_node_ports(service: &mut Fields<'_>, before: Seen<'_>) {
    let known: Vec<Value> = before.ports().iter().map(|port| port["nodePort"].clone()).collect();
    if let Some(Value::Array(ports)) = service.0.pointer_mut("/spec/ports") {
        for port in ports {
            if let Value::Object(port) = port
                && port.get("nodePort").is_some_and(|number| known.contains(number))
            {
                port.remove("nodePort");
            }
        }
    }
}

/// Tells whether a Service prefers two families, as it did before, with the same families and addresses: then it stays as it is,
/// whatever the cluster has become.
pub(super) fn is_unchanged_prefer(service: Seen<'_>, before: Option<Seen<'_>>) -> bool {
    const PREFER: Option<&str> = Some("PreferDualStack");
    before.is_some_and(|before| {
        service.policy() == PREFER
            && before.policy() == PREFER
            && service.families() == before.families()
            && service.cluster_ips() == before.cluster_ips()
            && !before.families().is_empty()
    })
}

/// Says what must not change: the primary family and address, and the second unless the policy gives it up.
pub(super) fn causes(service: Seen<'_>, before: Seen<'_>) -> Vec<Cause> {
    if service.is_external() || before.is_external() {
        return Vec::new();
    }
    let mut causes = Vec::new();
    if !(before.is_headless() && service.is_headless()) {
        let lists = (before.cluster_ips(), service.cluster_ips());
        causes.extend(changed("clusterIPs", "clusterIP", (&lists.0, &lists.1), service));
    }
    if before.is_headless() == service.is_headless() && !service.is_headless() {
        let lists = (before.families(), service.families());
        causes.extend(changed("ipFamilies", "ipFamily", (&lists.0, &lists.1), service));
    }
    causes
}

fn changed(list: &str, one: &str, (then, now): (&[String], &[String]), service: Seen<'_>) -> Vec<Cause> {
    let at = |position: usize, why: &str| Cause::invalid(&format!("spec.{list}[{position}]"), &json!(now), why);
    let fixed = "may not change once set";
    let mut causes = Vec::new();
    if then.len() == now.len() {
        for (position, (then, now)) in then.iter().zip(now).enumerate() {
            if then != now {
                causes.push(at(if list == "ipFamilies" { 0 } else { position }, fixed));
            }
        }
        return causes;
    }
    match (then.first(), now.first()) {
        (Some(_), None) => causes.push(at(0, &format!("primary {one} can not be unset"))),
        (Some(then), Some(now)) if then != now => causes.push(at(0, fixed)),
        _ => {}
    }
    if then.len() > now.len() && now.len() == 1 && service.policy() != Some("SingleStack") {
        let why = format!("must be set to 'SingleStack' when releasing the secondary {one}");
        causes.push(Cause::invalid("spec.ipFamilyPolicy", &json!(service.policy()), &why));
    }
    causes
}
