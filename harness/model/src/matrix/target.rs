//! One target of the roster with its live objects.

use std::net::{IpAddr, SocketAddr};

use dualproof_wire::{Destination, Protocol, Records};

use super::{
    Absent, CallCell, Called, CalledPort, Caller, ClientKind, Dial, Gap, PortKind, Roster, ServerKind, ServerPod,
    ServiceView, bind_slug,
};
use crate::evidence::{Node, Objects, Pod, Service};
use crate::family::IpFamily;

/// A target with its live objects.
pub(super) struct Target<'a> {
    called: &'a Called,
    service: &'a Service,
    servers: Vec<&'a Pod>,
    /// The Services that stand in front of any of the servers.
    neighbours: Vec<&'a Service>,
    nodes: &'a [Node],
    /// See [`Roster::outside`].
    outside: bool,
}

impl<'a> Target<'a> {
    /// Finds the live objects; states what is not as the roster says.
    pub(super) fn find(called: &'a Called, roster: &Roster, objects: &'a Objects, gaps: &mut Vec<Gap>) -> Option<Self> {
        let name = format!("{}/{}", called.namespace, called.service);
        let Some(service) = objects.service(&called.namespace, &called.service) else {
            gaps.push(Gap::NoService(name));
            return None;
        };
        if !called.kind.fits(service) {
            gaps.push(Gap::OtherService { service: name, wanted: called.kind });
            return None;
        }
        let mut servers: Vec<&Pod> = objects.backends_of(service).into_iter().map(|backend| backend.pod).collect();
        servers.sort_by(|one, other| one.meta.name.cmp(&other.meta.name));
        if servers.is_empty() {
            gaps.push(Gap::NoServer(name));
            return None;
        }
        let sidecar = roster.meshed && called.server == ServerKind::Meshed;
        let strangers = servers.iter().filter(|pod| !fits(pod, sidecar, gaps)).count();
        let neighbours = objects.services.iter().filter(|service| {
            let backends = objects.backends_of(service);
            backends.iter().any(|backend| servers.iter().any(|server| server.pod_ref() == backend.pod.pod_ref()))
        });
        let neighbours = neighbours.collect();
        let (nodes, outside) = (objects.nodes.as_slice(), roster.outside);
        (strangers == 0).then_some(Self { called, service, servers, neighbours, nodes, outside })
    }

    /// Tells whether the live Services say of a port what the roster does.
    pub(super) fn has(&self, port: &CalledPort, gaps: &mut Vec<Gap>) -> bool {
        let named = match port.kind {
            PortKind::Declared | PortKind::Second => names(self.service, port.number),
            PortKind::Undeclared => self.neighbours.iter().any(|service| names(service, port.number)),
        };
        let right = named == (port.kind != PortKind::Undeclared);
        if !right {
            let service = format!("{}/{}", self.called.namespace, self.called.service);
            gaps.push(Gap::OtherPort { service, number: port.number, kind: port.kind });
        }
        right
    }

    /// Lists the addresses to dial, those that do not exist included.
    pub(super) fn dials(&self) -> Vec<(Dial, Option<IpFamily>)> {
        let mut dials = vec![
            (Dial::Name(Records::A), Some(IpFamily::IPv4)),
            (Dial::Name(Records::Aaaa), Some(IpFamily::IPv6)),
            (Dial::Name(Records::Both), None),
        ];
        for family in IpFamily::BOTH {
            dials.push((Dial::ClusterIp, Some(family)));
            dials.extend((0..self.servers.len()).map(|number| (Dial::PodIp(number), Some(family))));
            let nodes = self.nodes.iter().map(|node| node.meta.name.clone());
            dials.extend(nodes.map(|node| (Dial::NodePort(node), Some(family))));
        }
        dials
    }

    /// Makes one cell.
    pub(super) fn cell(&self, client: &Caller, port: &CalledPort, dial: Dial, family: Option<IpFamily>) -> CallCell {
        let to = match client.kind == ClientKind::Outside && !self.outside {
            true => Err(Absent::NoOutside),
            false => self.destination(client, port, &dial, family),
        };
        let servers = match dial {
            Dial::PodIp(number) => self.servers.get(number).into_iter().copied().collect(),
            _ => self.servers.clone(),
        };
        let headless_listener = match (&to, &dial) {
            (Ok(Destination::Address(address)), Dial::PodIp(_)) => self.has_headless_listener(address),
            _ => false,
        };
        let Called { namespace, service, .. } = self.called;
        let protocol = match port.protocol {
            Protocol::Tcp => "tcp",
            Protocol::TcpServerFirst => "tcp-server-first",
            Protocol::Http1 => "http1",
            Protocol::H2c => "h2c",
            Protocol::Udp => "udp",
        };
        let family_slug = match family {
            Some(IpFamily::IPv4) => "v4",
            Some(IpFamily::IPv6) => "v6",
            None => "any",
        };
        let id = format!(
            "{}/{namespace}.{service}/{}-{}-{protocol}-{}/{dial}/{family_slug}",
            client.name,
            port.number,
            port.kind.as_str(),
            bind_slug(port.bind),
        );
        CallCell {
            id,
            client: client.clone(),
            target: self.called.kind,
            server: self.called.server,
            service: ServiceView {
                namespace: namespace.clone(),
                name: service.clone(),
                families: self.service.families.clone(),
                cluster_ips: self.service.cluster_ips.len(),
                headless: self.service.headless,
                all_meshed: self.servers.iter().all(|pod| pod.is_meshed()),
            },
            servers: servers.into_iter().map(server_pod).collect(),
            port: port.kind,
            number: port.number,
            protocol: port.protocol,
            bind: port.bind,
            dial,
            family,
            to,
            headless_listener,
        }
    }

    fn destination(
        &self,
        client: &Caller,
        port: &CalledPort,
        dial: &Dial,
        family: Option<IpFamily>,
    ) -> Result<Destination, Absent> {
        let outside = client.kind == ClientKind::Outside;
        let family = match (dial, family) {
            (Dial::Name(records), _) if !outside => {
                let name = format!("{}.{}", self.called.service, self.called.namespace);
                return Ok(Destination::Name { name, port: port.number, records: *records, resolver: None });
            }
            (Dial::NodePort(_), Some(family)) => family,
            (_, Some(family)) if !outside => family,
            _ => return Err(Absent::Outside),
        };
        let (addresses, number, absent): (&[IpAddr], u16, Absent) = match dial {
            Dial::ClusterIp if self.service.headless => return Err(Absent::Headless),
            Dial::PodIp(number) => {
                let ips = self.servers.get(*number).map(|pod| pod.ips.as_slice());
                (ips.unwrap_or_default(), port.number, Absent::PodIp(family))
            }
            Dial::NodePort(name) => {
                let number = port.node_port.ok_or(Absent::NodePort)?;
                let node = self.nodes.iter().find(|node| node.meta.name == *name);
                let ips = node.map(|node| node.internal_ips.as_slice());
                (ips.unwrap_or_default(), number, Absent::NodeAddress(family))
            }
            Dial::ClusterIp | Dial::Name(_) => {
                (self.service.cluster_ips.as_slice(), port.number, Absent::ClusterIp(family))
            }
        };
        let found = addresses.iter().find(|address| IpFamily::of(address) == family);
        found.map(|address| Destination::Address(SocketAddr::new(*address, number))).ok_or(absent)
    }

    /// Istio gives a meshed client one listener for each podIP of a headless Service's TCP port, whoever dials it
    /// (istio/istio:pilot/pkg/networking/core/listener.go). HTTP ports share a wildcard listener and are told by the host name.
    fn has_headless_listener(&self, address: &SocketAddr) -> bool {
        self.neighbours.iter().filter(|service| service.headless).any(|service| {
            let family = IpFamily::of(&address.ip());
            let port = service.ports.iter().find(|port| port.port == address.port() && port.protocol == "TCP");
            service.families.contains(&family) && port.is_some_and(|port| !port.is_http())
        })
    }
}

fn names(service: &Service, number: u16) -> bool {
    service.ports.iter().any(|port| port.port == number)
}

fn server_pod(pod: &Pod) -> ServerPod {
    ServerPod {
        pod: pod.pod_ref(),
        ips: pod.ips.clone(),
        node: pod.node.clone(),
        uid: pod.meta.uid.clone(),
        service_account: pod.service_account.clone(),
    }
}

/// Tells whether a pod has a sidecar or has none, as it should.
pub(super) fn fits(pod: &Pod, sidecar: bool, gaps: &mut Vec<Gap>) -> bool {
    if pod.is_meshed() != sidecar {
        gaps.push(Gap::Sidecar { pod: pod.pod_ref(), sidecar: pod.is_meshed() });
    }
    pod.is_meshed() == sidecar
}
