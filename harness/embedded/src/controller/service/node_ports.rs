//! Node ports of Services.

use std::collections::BTreeSet;

use serde_json::Value;

use super::addresses::Lack;
use super::fields::{Fields, Seen};
use crate::controller::ClusterConfig;
use crate::store::object::{name, namespace, number, text};
use crate::store::{Cause, State, resource};

/// Gives a Service that needs them its node ports. One port of two protocols has one node port.
pub(super) fn allocate(config: &ClusterConfig, state: &State, service: &mut Fields<'_>) -> Result<(), Lack> {
    if !service.seen().needs_node_ports() {
        return Ok(());
    }
    let mut used = taken(state, service.seen());
    let allocates = service.0.pointer("/spec/allocateLoadBalancerNodePorts") != Some(&Value::Bool(false));
    let mut given: Vec<(i64, i64)> = Vec::new();
    let mut ports = service.seen().ports().to_vec();
    for port in &ports {
        let node = number(port, "/nodePort").unwrap_or_default();
        if node > 0 {
            given.push((number(port, "/port").unwrap_or_default(), node));
        }
    }
    for (position, port) in ports.iter_mut().enumerate() {
        let (own, node) = (number(port, "/port").unwrap_or_default(), number(port, "/nodePort").unwrap_or_default());
        let protocol = text(port, "/protocol").to_owned();
        let refused =
            |why: String| Lack::Asked(Cause::invalid(&format!("spec.ports[{position}].nodePort"), &node.into(), &why));
        if node > 0 {
            let range = &config.node_ports;
            if !u16::try_from(node).is_ok_and(|node| range.contains(&node)) {
                let (first, last) = (range.start(), range.end());
                return Err(refused(format!(
                    "provided port is not in the valid range. The range of valid ports is {first}-{last}"
                )));
            }
            if !used.insert((node, protocol)) {
                return Err(refused("provided port is already allocated".to_owned()));
            }
        } else if allocates {
            let same = given.iter().find(|(port, node)| *port == own && !used.contains(&(*node, protocol.clone())));
            let node = match same {
                Some((_, node)) => *node,
                None => free(config, &used)?,
            };
            used.insert((node, protocol));
            given.push((own, node));
            port["nodePort"] = node.into();
        }
    }
    service.set("ports", Value::Array(ports));
    Ok(())
}

fn taken(state: &State, service: Seen<'_>) -> BTreeSet<(i64, String)> {
    let mut used = BTreeSet::new();
    for other in state.all(resource::SERVICES, None) {
        if name(other) == name(service.0) && namespace(other) == namespace(service.0) {
            continue;
        }
        for port in Seen(other).ports() {
            if let Some(node) = number(port, "/nodePort").filter(|node| *node > 0) {
                used.insert((node, text(port, "/protocol").to_owned()));
            }
        }
    }
    used
}

/// Takes the first port that is free for every protocol.
fn free(config: &ClusterConfig, used: &BTreeSet<(i64, String)>) -> Result<i64, Lack> {
    let taken: BTreeSet<i64> = used.iter().map(|(node, _)| *node).collect();
    let found = config.node_ports.clone().map(i64::from).find(|node| !taken.contains(node));
    found.ok_or_else(|| Lack::Empty("failed to allocate a nodePort: range is full".to_owned()))
}
