//! Where packets go: resolver, sidecars, kube-proxy, applications. Written from how the pieces work, each by itself:
//!
//! * kube-proxy turns a clusterIP or nodePort of a named port into a pod's address of the same family.
//! * A client's sidecar knows clusterIPs, and podIPs of headless Services; it dials the endpoint's addresses in their order until
//!   one connects. What it does not know it passes on as it is, or refuses in a namespace that knows its destinations.
//! * A server's sidecar takes every connection to its pod, waits for the client's first bytes when it carries no certificate, and dials the address that was dialled from a source of that family.
//! * No sidecar takes datagrams.
//! * An application takes what its socket is bound to.

use std::net::{IpAddr, SocketAddr};

use dualproof_model::evidence::{AccessLogLine, CallStage, Objects, Pod, PodRef, Service, Testimony, Told};
use dualproof_model::family::IpFamily;
use dualproof_wire::{
    Answer, Ask, Attempt, Bind, Destination, Outcome, Protocol, Records, Report, Resolution, ResolutionOutcome,
};

use super::cluster::{LISTED, STRICT, bound, spiffe, spoken};
use super::log::{Carried, line, refusal};
use super::{RUN, said};
use crate::lab::ip;

pub(super) struct Net<'a> {
    objects: &'a Objects,
    lines: Vec<AccessLogLine>,
    ports: u16,
    turns: usize,
}

/// A connection on its way.
struct Packet {
    from: SocketAddr,
    to: SocketAddr,
    /// Whose certificate it carries.
    by: Option<PodRef>,
    protocol: Protocol,
    token: String,
}

impl<'a> Net<'a> {
    pub(super) fn new(objects: &'a Objects) -> Self {
        Self { objects, lines: Vec::new(), ports: 10_000, turns: 0 }
    }

    pub(super) fn into_lines(self) -> Vec<AccessLogLine> {
        self.lines
    }

    /// Makes one call.
    pub(super) fn call(
        &mut self,
        number: usize,
        cell: &str,
        client: Option<&PodRef>,
        protocol: Protocol,
        to: Destination,
    ) -> Testimony {
        let token = format!("token-{number}");
        let (mut resolutions, targets) = (
            Vec::new(),
            match &to {
                Destination::Address(address) => vec![*address],
                Destination::Name { .. } => Vec::new(),
            },
        );
        let mut targets = targets;
        if let Destination::Name { name, port, records, .. } = &to {
            let (asked, addresses) = self.resolve(name, *records, client);
            resolutions = asked;
            targets = addresses.into_iter().map(|address| SocketAddr::new(address, *port)).collect();
        }
        let mut attempts = Vec::new();
        let mut outcome = Outcome::NoData;
        for address in targets {
            let own = SocketAddr::new(self.own_address(client, &address.ip()), self.port());
            outcome = self.dial(client, Packet { from: own, to: address, by: None, protocol, token: token.clone() });
            // A UDP socket connects to anything, and a sidecar takes what it then waits for.
            let connected = protocol != Protocol::Tcp
                || !matches!(outcome, Outcome::Refused | Outcome::Timeout | Outcome::Unreachable);
            attempts.push(Attempt {
                address,
                local: Some(own),
                connect_micros: connected.then_some(200),
                first_byte_micros: matches!(outcome, Outcome::Replied(_)).then_some(900),
                status: None,
                outcome: outcome.clone(),
            });
            if connected {
                break;
            }
        }
        let id = format!("call-{number}");
        Testimony {
            cell: cell.to_owned(),
            stage: CallStage::Mesh,
            client: client.cloned(),
            from: time("2026-09-01T12:00:00Z"),
            until: time("2026-09-01T12:10:00Z"),
            ask: Ask { id: id.clone(), token, to, protocol, deadline_millis: 3000, payload: 0, own_port: true },
            told: Told::Report(Report { id, resolutions, attempts, outcome, micros: 1000 }),
        }
    }

    fn resolve(&self, name: &str, records: Records, client: Option<&PodRef>) -> (Vec<Resolution>, Vec<IpAddr>) {
        let wanted: &[(Records, IpFamily)] = match records {
            Records::A => &[(Records::A, IpFamily::IPv4)],
            Records::Aaaa => &[(Records::Aaaa, IpFamily::IPv6)],
            Records::Both => &[(Records::A, IpFamily::IPv4), (Records::Aaaa, IpFamily::IPv6)],
        };
        let namespace = client.map(|pod| pod.namespace.as_str()).unwrap_or_default();
        let mut resolutions = Vec::new();
        for (records, _) in wanted {
            let name = format!("{name}.{namespace}.svc.cluster.local.");
            resolutions.push(resolution(name, *records, ResolutionOutcome::NxDomain, Vec::new()));
        }
        let mut addresses = Vec::new();
        for (records, family) in wanted {
            let found: Vec<IpAddr> =
                self.records(name).into_iter().filter(|address| IpFamily::of(address) == *family).collect();
            let outcome = if found.is_empty() { ResolutionOutcome::NoData } else { ResolutionOutcome::Answered };
            resolutions.push(resolution(format!("{name}.svc.cluster.local."), *records, outcome, found.clone()));
            addresses.extend(found);
        }
        addresses.sort_by_key(IpAddr::is_ipv4);
        (resolutions, addresses)
    }

    /// What CoreDNS knows of `<service>.<namespace>`.
    fn records(&self, name: &str) -> Vec<IpAddr> {
        let services = self.objects.services.iter();
        let mut named = services.filter(|service| format!("{}.{}", service.meta.name, service.meta.namespace) == name);
        let service = named.next().unwrap_or_else(|| panic!("nobody asks for {name}"));
        if !service.headless {
            return service.cluster_ips.clone();
        }
        let has = |address: &IpAddr| service.families.contains(&IpFamily::of(address));
        self.behind(service).iter().flat_map(|pod| pod.ips.clone()).filter(has).collect()
    }

    /// A connection leaves its client.
    fn dial(&mut self, client: Option<&PodRef>, packet: Packet) -> Outcome {
        let is_taken = |pod: &&PodRef| packet.protocol != Protocol::Udp && self.has_sidecar(pod);
        let Some(pod) = client.filter(is_taken) else { return self.deliver(packet) };
        let known = self.objects.services.iter().find(|service| {
            let names = service.ports.iter().any(|port| port.port == packet.to.port());
            let is_endpoint = || self.behind(service).iter().any(|pod| pod.ips.contains(&packet.to.ip()));
            names && (service.cluster_ips.contains(&packet.to.ip()) || (service.headless && is_endpoint()))
        });
        let (cluster, host, ways, server) = match known {
            None if pod.namespace == LISTED => {
                self.lines.push(refusal(self.lines.len(), pod, (packet.from, packet.to)));
                return Outcome::Closed;
            }
            None => ("PassthroughCluster".to_owned(), packet.to, vec![packet.to], None),
            Some(service) => {
                let cluster = format!(
                    "outbound|{}||{}.{}.svc.cluster.local;",
                    packet.to.port(),
                    service.meta.name,
                    service.meta.namespace
                );
                let pods = self.behind(service);
                let chosen = match service.headless {
                    true => pods.iter().find(|pod| pod.ips.contains(&packet.to.ip())).copied(),
                    false => pods.get(self.turn() % pods.len()).copied(),
                };
                let chosen = chosen.unwrap_or_else(|| panic!("nobody stands behind {cluster}"));
                let of_service = |address: &&IpAddr| service.families.contains(&IpFamily::of(address));
                let ways: Vec<SocketAddr> = match service.headless {
                    true => vec![packet.to],
                    false => chosen.ips.iter().filter(of_service).map(|ip| (*ip, packet.to.port()).into()).collect(),
                };
                (cluster, ways[0], ways, self.has_sidecar(&chosen.pod_ref()).then(|| chosen.pod_ref()))
            }
        };
        let by = server.is_some().then(|| pod.clone());
        let mut outcome = Outcome::Closed;
        for way in ways {
            let own = SocketAddr::new(self.own_address(client, &way.ip()), self.port());
            let onward =
                Packet { from: own, to: way, by: by.clone(), protocol: packet.protocol, token: packet.token.clone() };
            outcome = self.deliver(onward);
            let carried = Carried {
                pod,
                downstream: (packet.from, packet.to),
                upstream: (own, host, way),
                cluster: cluster.clone(),
                peers: (None, server.as_ref().map(|server| spiffe(self.objects, server))),
            };
            if !matches!(outcome, Outcome::Refused) {
                self.lines.push(line(self.lines.len(), &carried));
                break;
            }
        }
        // Whatever becomes of it behind the proxy, the client's connection was taken.
        if matches!(outcome, Outcome::Replied(_) | Outcome::Timeout) { outcome } else { Outcome::Closed }
    }

    /// A connection is on the node's network.
    fn deliver(&mut self, mut packet: Packet) -> Outcome {
        if let Some((service, port)) = self.by_node_port(&packet.to) {
            let family = IpFamily::of(&packet.to.ip());
            if !service.families.contains(&family) {
                return Outcome::Refused;
            }
            packet.from = SocketAddr::new(packet.to.ip(), self.port());
            packet.to = self.balance(service, family, port);
        }
        if let Some(service) =
            self.objects.services.iter().find(|service| service.cluster_ips.contains(&packet.to.ip()))
        {
            if !service.ports.iter().any(|port| port.port == packet.to.port()) {
                return Outcome::Refused;
            }
            packet.to = self.balance(service, IpFamily::of(&packet.to.ip()), packet.to.port());
        }
        let pod = self.objects.pods.iter().find(|pod| pod.ips.contains(&packet.to.ip()));
        self.arrive(pod.unwrap_or_else(|| panic!("nobody has {}", packet.to)), packet)
    }

    /// A connection is at a pod.
    fn arrive(&mut self, pod: &Pod, packet: Packet) -> Outcome {
        let name = pod.pod_ref();
        if packet.protocol == Protocol::Udp || !self.has_sidecar(&name) {
            return self.serve(pod, packet.from, packet.to, &packet.token).unwrap_or(Outcome::Refused);
        }
        if packet.by.is_none() && packet.protocol == Protocol::TcpServerFirst {
            return Outcome::Timeout;
        }
        if packet.by.is_none() && name.namespace == STRICT {
            return Outcome::Closed;
        }
        let source = if packet.to.is_ipv4() { ip("127.0.0.6") } else { ip("::6") };
        let own = SocketAddr::new(source, self.port());
        let port = packet.to.port();
        let named = self.objects.services.iter().any(|service| {
            service.ports.iter().any(|named| named.port == port)
                && self.behind(service).iter().any(|behind| behind.pod_ref() == name)
        });
        let carried = Carried {
            pod: &name,
            downstream: (packet.from, packet.to),
            upstream: (own, packet.to, packet.to),
            cluster: if named { format!("inbound|{port}||;") } else { "InboundPassthroughCluster".to_owned() },
            peers: (packet.by.as_ref().map(|client| spiffe(self.objects, client)), None),
        };
        self.lines.push(line(self.lines.len(), &carried));
        self.serve(pod, own, packet.to, &packet.token).unwrap_or(Outcome::Closed)
    }

    /// The application; `None` where nobody listens.
    fn serve(&mut self, pod: &Pod, peer: SocketAddr, local: SocketAddr, token: &str) -> Option<Outcome> {
        let bind = bound(local.port())?;
        let takes = match bind {
            Bind::DualAny => true,
            Bind::V4Any => local.is_ipv4(),
            Bind::V6Only => local.is_ipv6(),
            Bind::Address(own) => own == local.ip(),
        };
        let protocol = spoken(local.port());
        let answer = Answer {
            run: RUN.to_owned(),
            pod: pod.meta.name.clone(),
            uid: pod.meta.uid.clone(),
            namespace: pod.meta.namespace.clone(),
            node: pod.node.clone(),
            service_account: pod.service_account.clone(),
            local,
            peer,
            bind,
            port: local.port(),
            protocol,
            connection: 1,
            token: Some(token.to_owned()),
        };
        let greeting = match protocol {
            Protocol::TcpServerFirst => said(&Answer { token: None, ..answer.clone() }) + "\n",
            _ => String::new(),
        };
        takes.then(|| Outcome::Replied(greeting + &said(&answer)))
    }

    fn by_node_port(&self, to: &SocketAddr) -> Option<(&'a Service, u16)> {
        self.objects.nodes.iter().find(|node| node.internal_ips.contains(&to.ip()))?;
        let ports =
            self.objects.services.iter().flat_map(|service| service.ports.iter().map(move |port| (service, port)));
        ports.filter(|(_, port)| port.node_port == Some(to.port())).map(|(service, port)| (service, port.port)).next()
    }

    fn balance(&mut self, service: &Service, family: IpFamily, port: u16) -> SocketAddr {
        let addresses: Vec<IpAddr> = self.behind(service).iter().flat_map(|pod| pod.ips.clone()).collect();
        let addresses: Vec<IpAddr> = addresses.into_iter().filter(|address| IpFamily::of(address) == family).collect();
        (addresses[self.turn() % addresses.len()], port).into()
    }

    fn behind(&self, service: &Service) -> Vec<&'a Pod> {
        let pods = self.objects.pods.iter().filter(|pod| pod.meta.namespace == service.meta.namespace);
        pods.filter(|pod| pod.meta.labels.get("app") == service.selector.get("app")).collect()
    }

    fn has_sidecar(&self, pod: &PodRef) -> bool {
        self.objects.pod(pod).is_some_and(|pod| pod.containers.iter().any(|name| name == "istio-proxy"))
    }

    fn own_address(&self, client: Option<&PodRef>, to: &IpAddr) -> IpAddr {
        let outside = [ip("172.18.0.99"), ip("fc00:f853:ccd:e793::99")];
        let pod = client.and_then(|client| self.objects.pod(client));
        let ips = pod.map_or(outside.as_slice(), |pod| pod.ips.as_slice());
        let mut fitting = ips.iter().filter(|own| own.is_ipv4() == to.is_ipv4());
        fitting.next().copied().unwrap_or_else(|| panic!("no address towards {to}"))
    }

    fn port(&mut self) -> u16 {
        self.ports += 1;
        self.ports
    }

    fn turn(&mut self) -> usize {
        self.turns += 1;
        self.turns
    }
}

fn resolution(name: String, records: Records, outcome: ResolutionOutcome, addresses: Vec<IpAddr>) -> Resolution {
    Resolution { name, records, resolver: SocketAddr::new(ip("10.96.0.10"), 53), outcome, addresses, micros: 800 }
}

fn time(text: &str) -> jiff::Timestamp {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}
