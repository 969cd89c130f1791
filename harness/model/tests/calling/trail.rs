//! What a call leaves behind when all goes well: the prober's testimony and the proxies' lines.

use std::net::{IpAddr, SocketAddr};

use dualproof_model::evidence::{
    ACCESS_LOG_MARK, AccessLogLine, CallStage, Objects, PodRef, Testimony, Told, access_log_format,
};
use dualproof_model::family::IpFamily;
use dualproof_model::matrix::{CallCell, Dial, ServerPod};
use dualproof_model::truth::{Answering, ClientLeg, Expected, Peer, ServerLeg, World, expected_call};
use dualproof_wire::{Answer, Ask, Destination, seal};
use serde_json::{Map, Value, json};

use super::world::{RUN, ip};

/// The ephemeral ports of one call: of the client, of its proxy, of the node, of the server's proxy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) client: u16,
    pub(super) proxy: u16,
    pub(super) node: u16,
    pub(super) server: u16,
}

impl Ports {
    /// Ports that no other number has.
    pub(super) fn of(number: u16) -> Self {
        Self { client: 10_000 + number, proxy: 20_000 + number, node: 30_000 + number, server: 40_000 + number }
    }
}

/// One call with all that it left behind.
#[derive(Clone, Debug)]
pub(super) struct Trail {
    pub(super) cell: CallCell,
    pub(super) answering: Answering,
    pub(super) testimony: Testimony,
    pub(super) answer: Answer,
    pub(super) lines: Vec<AccessLogLine>,
}

/// Makes the trail of a cell that is answered; `None` for other cells.
pub(super) fn trail(cell: &CallCell, world: &World, objects: &Objects, number: usize, ports: Ports) -> Option<Trail> {
    let Expected::Answer(answering) = expected_call(cell, world) else { return None };
    let server = &cell.servers[number % cell.servers.len()];
    let arrival = *answering.arrival.first()?;
    let client = |family, port| -> Option<SocketAddr> {
        let pod = cell.client.pod.as_ref().and_then(|pod| objects.pod(pod));
        let outside = [ip("172.18.0.99"), ip("fc00:f853:ccd:e793::99")];
        let ips = pod.map_or(outside.as_slice(), |pod| pod.ips.as_slice());
        Some((of(ips, family)?, port).into())
    };
    let socket = client(answering.dialled, ports.client)?;
    let address = address(cell, objects, server, answering.dialled)?;
    let application = SocketAddr::from((of(&server.ips, arrival)?, cell.number));
    let mut lines = Vec::new();
    let mut source = socket;
    if answering.crossing.client != ClientLeg::None {
        let own = client(arrival, ports.proxy)?;
        let by_endpoint = answering.crossing.client == ClientLeg::Service && !cell.service.headless && !is_pod_ip(cell);
        let (host, remote) = match by_endpoint {
            true => (SocketAddr::from((server.ips[0], cell.number)), application),
            false => (address, address),
        };
        let cluster = match answering.crossing.client {
            ClientLeg::Service => {
                let service = &cell.service;
                format!("outbound|{}||{}.{}.svc.cluster.local;", cell.number, service.name, service.namespace)
            }
            _ => "PassthroughCluster".to_owned(),
        };
        let pod = cell.client.pod.clone()?;
        let mut line = Line::new(number, (source, address), (own, host, remote), &cluster);
        if answering.crossing.mutual {
            line.set("UPSTREAM_PEER_URI_SAN", "spiffe://cluster.local/ns/servers/sa/echo");
        }
        lines.push(line.parse(&pod, lines.len()));
        source = own;
    }
    if answering.peer == Peer::Translated || matches!(cell.dial, Dial::NodePort(_)) {
        source = (of(&objects.nodes[0].internal_ips, arrival)?, ports.node).into();
    }
    if answering.crossing.server != ServerLeg::None {
        let own = SocketAddr::from((ip(if arrival == IpFamily::IPv4 { "127.0.0.6" } else { "::6" }), ports.server));
        let cluster = match answering.crossing.server {
            ServerLeg::Port => format!("inbound|{}||;", cell.number),
            _ => "InboundPassthroughCluster".to_owned(),
        };
        let mut line = Line::new(number, (source, application), (own, application, application), &cluster);
        if answering.crossing.mutual {
            line.set("DOWNSTREAM_PEER_URI_SAN", "spiffe://cluster.local/ns/clients/sa/client");
        }
        lines.push(line.parse(&server.pod, lines.len()));
        source = own;
    }
    let answer = Answer {
        run: RUN.to_owned(),
        pod: server.pod.name.clone(),
        uid: format!("uid-{}", server.pod.name),
        namespace: server.pod.namespace.clone(),
        node: server.node.clone(),
        service_account: "echo".to_owned(),
        local: application,
        peer: source,
        bind: cell.bind,
        port: cell.number,
        protocol: cell.protocol,
        connection: number as u64 + 1,
        token: Some(format!("token-{number}")),
    };
    let testimony = testimony(cell, number, (socket, address), &said(&answer));
    Some(Trail { cell: cell.clone(), answering, testimony, answer, lines })
}

/// Spells an answer as the server does.
pub(super) fn said(answer: &Answer) -> String {
    serde_json::to_string(answer).map(|text| seal(&text)).unwrap_or_else(|error| panic!("{error}"))
}

impl Trail {
    /// Replaces the reply's text.
    pub(super) fn replying(&self, text: &str) -> Testimony {
        let attempt = self.testimony.attempt().unwrap_or_else(|| panic!("no attempt"));
        let number = usize::try_from(self.answer.connection - 1).unwrap_or(usize::MAX);
        let socket = attempt.local.unwrap_or_else(|| panic!("no socket"));
        testimony(&self.cell, number, (socket, attempt.address), text)
    }
}

fn testimony(cell: &CallCell, number: usize, (socket, address): (SocketAddr, SocketAddr), text: &str) -> Testimony {
    let ended = json!({ "replied": text });
    let report = json!({
        "id": format!("call-{number}"),
        "resolutions": [],
        "attempts": [{ "address": address, "local": socket, "connectMicros": 200, "firstByteMicros": 900, "outcome": ended }],
        "outcome": ended,
        "micros": 1000,
    });
    Testimony {
        cell: cell.id.clone(),
        stage: CallStage::Mesh,
        client: cell.client.pod.clone(),
        from: time("2026-09-01T12:00:00Z"),
        until: time("2026-09-01T12:10:00Z"),
        ask: Ask {
            id: format!("call-{number}"),
            token: format!("token-{number}"),
            to: cell.to.clone().unwrap_or(Destination::Address(address)),
            protocol: cell.protocol,
            deadline_millis: 3000,
            payload: 0,
            own_port: false,
        },
        told: Told::Report(serde_json::from_value(report).unwrap_or_else(|error| panic!("{error}"))),
    }
}

fn address(cell: &CallCell, objects: &Objects, server: &ServerPod, family: IpFamily) -> Option<SocketAddr> {
    match cell.to.as_ref().ok()? {
        Destination::Address(address) => Some(*address),
        Destination::Name { port, .. } => {
            let service = objects.service(&cell.service.namespace, &cell.service.name)?;
            let ips = if service.headless { &server.ips } else { &service.cluster_ips };
            Some((of(ips, family)?, *port).into())
        }
    }
}

fn is_pod_ip(cell: &CallCell) -> bool {
    matches!(cell.dial, Dial::PodIp(_))
}

fn of(ips: &[IpAddr], family: IpFamily) -> Option<IpAddr> {
    ips.iter().copied().find(|ip| IpFamily::of(ip) == family)
}

fn time(text: &str) -> jiff::Timestamp {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// A line as Envoy writes it.
pub(super) struct Line(Map<String, Value>);

impl Line {
    /// A connection that was carried on: who connected and whereto, by which socket, host and address, to which cluster.
    pub(super) fn new(
        number: usize,
        (remote, local): (SocketAddr, SocketAddr),
        (own, host, upstream): (SocketAddr, SocketAddr, SocketAddr),
        cluster: &str,
    ) -> Self {
        let mut keys: Map<String, Value> =
            access_log_format().into_keys().map(|key| (key.to_owned(), Value::Null)).collect();
        keys.insert(ACCESS_LOG_MARK.0.to_owned(), ACCESS_LOG_MARK.1.into());
        let mut line = Self(keys);
        line.set("START_TIME", &format!("2026-09-01T12:{:02}:{:02}.000123Z", number / 60 % 60, number % 60));
        line.0.insert("CONNECTION_ID".to_owned(), number.into());
        line.0.insert("DURATION".to_owned(), 3.into());
        line.set("DOWNSTREAM_REMOTE_ADDRESS", &remote.to_string());
        line.set("DOWNSTREAM_DIRECT_REMOTE_ADDRESS", &remote.to_string());
        line.set("DOWNSTREAM_LOCAL_ADDRESS", &local.to_string());
        line.set("UPSTREAM_LOCAL_ADDRESS", &own.to_string());
        line.set("UPSTREAM_HOST", &host.to_string());
        line.set("UPSTREAM_REMOTE_ADDRESS", &upstream.to_string());
        line.set("UPSTREAM_CLUSTER", cluster);
        line.set("RESPONSE_FLAGS", "-");
        line
    }

    pub(super) fn set(&mut self, key: &str, value: &str) {
        assert!(self.0.insert(key.to_owned(), value.into()).is_some(), "the format has no key {key}");
    }

    pub(super) fn text(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }

    pub(super) fn parse(&self, pod: &PodRef, index: usize) -> AccessLogLine {
        let place = format!("proxies/{pod}/access.log#{}.{index}", self.0["CONNECTION_ID"]);
        match AccessLogLine::parse(pod, &self.text(), &place) {
            Ok(Some(line)) => line,
            other => panic!("{other:?}"),
        }
    }
}
