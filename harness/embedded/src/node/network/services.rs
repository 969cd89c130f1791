//! Services and EndpointSlices to what the nodes' packet filters do: kube-proxy's part.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use dualproof_model::family::{IpFamily, parse_ip};
use dualproof_netns::traffic::{Front, Transport, VirtualService};
use serde_json::Value;

use crate::store::object::{items, name, namespace, number, text};

/// Lists the virtual services of the nodes. Services at an address of `own` are left out: the nodes answer those themselves.
///
/// A port whose protocol is neither TCP nor UDP has none. Who answers are the ready endpoints of the front's family; where there are none, those
/// that end and still serve (kubernetes/kubernetes:pkg/proxy/topology.go).
pub(super) fn virtual_services(services: &[Arc<Value>], slices: &[Arc<Value>], own: &[IpAddr]) -> Vec<VirtualService> {
    let mut of_service: HashMap<(&str, &str), Vec<&Value>> = HashMap::new();
    for slice in slices {
        let service = text(slice, "/metadata/labels/kubernetes.io~1service-name");
        of_service.entry((namespace(slice), service)).or_default().push(slice);
    }
    let mut fronts: BTreeMap<(Transport, Front), Vec<SocketAddr>> = BTreeMap::new();
    for service in services {
        let slices = of_service.get(&(namespace(service), name(service))).map_or(&[][..], Vec::as_slice);
        let addresses: Vec<IpAddr> = items(service, "/spec/clusterIPs")
            .iter()
            .filter_map(|address| parse_ip(address.as_str()?).ok())
            .filter(|address| !own.contains(address))
            .collect();
        for port in items(service, "/spec/ports") {
            let transport = match text(port, "/protocol") {
                "TCP" => Transport::Tcp,
                "UDP" => Transport::Udp,
                _ => continue,
            };
            for address in &addresses {
                let family = IpFamily::of(address);
                let backends = backends(slices, port, family);
                if let Some(number) = port_number(port, "/port") {
                    fronts
                        .entry((transport, Front::Address(SocketAddr::new(*address, number))))
                        .or_insert(backends.clone());
                }
                if let Some(number) = port_number(port, "/nodePort") {
                    fronts.entry((transport, Front::NodePort { family, port: number })).or_insert(backends);
                }
            }
        }
    }
    let service = |((transport, front), backends)| VirtualService { transport, front, backends };
    fronts.into_iter().map(service).collect()
}

fn port_number(port: &Value, field: &str) -> Option<u16> {
    number(port, field).and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0)
}

fn backends(slices: &[&Value], service_port: &Value, family: IpFamily) -> Vec<SocketAddr> {
    let (mut ready, mut ending) = (Vec::new(), Vec::new());
    for slice in slices.iter().filter(|slice| text(slice, "/addressType") == family.to_string()) {
        let is_meant = |port: &&Value| {
            text(port, "/name") == text(service_port, "/name")
                && text(port, "/protocol") == text(service_port, "/protocol")
        };
        let port = items(slice, "/ports").iter().find(is_meant);
        let Some(port) = port.and_then(|port| port_number(port, "/port")) else { continue };
        for endpoint in items(slice, "/endpoints") {
            // An absent condition means yes for the first two, no for the last (discovery/v1 EndpointConditions).
            let is = |condition: &str| endpoint.pointer(&format!("/conditions/{condition}")).and_then(Value::as_bool);
            let list = match (
                is("ready").unwrap_or(true),
                is("serving").unwrap_or(true),
                is("terminating").unwrap_or(false),
            ) {
                (true, _, _) => &mut ready,
                (false, true, true) => &mut ending,
                _ => continue,
            };
            let addresses = items(endpoint, "/addresses").iter().filter_map(|address| parse_ip(address.as_str()?).ok());
            list.extend(
                addresses
                    .filter(|address| IpFamily::of(address) == family)
                    .map(|address| SocketAddr::new(address, port)),
            );
        }
    }
    let mut backends = if ready.is_empty() { ending } else { ready };
    backends.sort_unstable();
    backends.dedup();
    backends
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn slice(family: &str, address: &str, conditions: &Value) -> Arc<Value> {
        Arc::new(json!({
            "metadata": {"namespace": "n", "name": family, "labels": {"kubernetes.io/service-name": "s"}},
            "addressType": family, "ports": [{"name": "tcp", "port": 8080, "protocol": "TCP"}],
            "endpoints": [{"addresses": [address], "conditions": conditions}],
        }))
    }

    fn service(addresses: &Value) -> Arc<Value> {
        Arc::new(json!({
            "metadata": {"namespace": "n", "name": "s"},
            "spec": {"clusterIPs": addresses, "ports": [
                {"name": "tcp", "port": 80, "nodePort": 30080, "protocol": "TCP"}, {"name": "sctp", "port": 81, "protocol": "SCTP"},
            ]},
        }))
    }

    #[test]
    fn each_family_goes_to_its_own_endpoints() -> Result<(), Box<dyn std::error::Error>> {
        let services = [service(&json!(["fd00::1", "10.96.0.1"]))];
        let slices = [slice("IPv4", "10.244.0.2", &json!({"ready": true})), slice("IPv6", "fd00::2", &json!({}))];
        let found = virtual_services(&services, &slices, &[]);
        let of = |front| found.iter().find(|service| service.front == front).map(|service| service.backends.clone());
        assert_eq!(of(Front::Address("[fd00::1]:80".parse()?)), Some(vec!["[fd00::2]:8080".parse()?]));
        assert_eq!(of(Front::Address("10.96.0.1:80".parse()?)), Some(vec!["10.244.0.2:8080".parse()?]));
        assert_eq!(of(Front::NodePort { family: IpFamily::IPv4, port: 30080 }), Some(vec!["10.244.0.2:8080".parse()?]));
        assert_eq!(found.len(), 4);
        let own = ["fd00::1".parse()?, "10.96.0.1".parse()?];
        assert_eq!(virtual_services(&services, &slices, &own), [], "the nodes answer themselves");
        assert_eq!(virtual_services(&[service(&json!(["None"]))], &slices, &[]), [], "headless");
        Ok(())
    }

    #[test]
    fn an_endpoint_that_ends_is_the_last_resort_and_one_that_is_not_ready_is_none() {
        let services = [service(&json!(["10.96.0.1"]))];
        let ending = slice("IPv4", "10.244.0.3", &json!({"ready": false, "serving": true, "terminating": true}));
        let unready = slice("IPv4", "10.244.0.4", &json!({"ready": false, "serving": false}));
        let ready = slice("IPv4", "10.244.0.2", &json!({"ready": true}));
        let backends = |slices: &[Arc<Value>]| {
            let found = virtual_services(&services, slices, &[]);
            found
                .iter()
                .flat_map(|service| &service.backends)
                .map(|backend| backend.ip().to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(backends(&[ending.clone(), unready.clone(), ready]), ["10.244.0.2"; 2]);
        assert_eq!(backends(&[ending, unready.clone()]), ["10.244.0.3"; 2]);
        assert_eq!(backends(&[unready]), [""; 0]);
    }
}
