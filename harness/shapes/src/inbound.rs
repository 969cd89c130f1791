//! The ports of a pod that Services lead to.

use std::collections::BTreeMap;

use crate::proxy::Proxy;
use crate::world::{Protocol, Service, ServicePort, TargetPort};

/// A port of the pod, as the oldest Service that leads to it describes it.
pub(crate) struct InboundPort<'a> {
    /// The pod's port.
    pub(crate) number: u16,
    /// The Service's port.
    pub(crate) service_port: u16,
    pub(crate) protocol: Protocol,
    /// The oldest, then others that lead to it from the same port of their own.
    pub(crate) services: Vec<&'a Service>,
}

/// Lists the pod's ports, by number. Of two Services that lead to one port the older one is taken
/// (istio/istio:pilot/pkg/networking/core/listener_inbound.go `getFilterChainsByServicePort`). A name that no container has
/// leads nowhere. Ports for datagrams are listed, too, as if they were for streams: Istio gives each a cluster and filter chains, which nothing
/// ever reaches.
pub(crate) fn inbound_ports<'a>(proxy: &Proxy<'a>) -> BTreeMap<u16, InboundPort<'a>> {
    let mut ports = BTreeMap::new();
    for service in proxy.own_services() {
        for port in &service.ports {
            let Some(number) = target(proxy, port) else { continue };
            let first =
                InboundPort { number, service_port: port.number, protocol: port.protocol, services: Vec::new() };
            let known: &mut InboundPort<'a> = ports.entry(number).or_insert(first);
            // A Service may have one port for streams and for datagrams.
            let is_known = known.services.last().is_some_and(|last| std::ptr::eq(*last, service));
            if known.service_port == port.number && !is_known {
                known.services.push(service);
            }
        }
    }
    ports
}

fn target(proxy: &Proxy<'_>, port: &ServicePort) -> Option<u16> {
    match &port.target {
        TargetPort::Number(number) => Some(*number),
        TargetPort::Name(name) => proxy.pod.named_ports.get(name).copied(),
    }
}
