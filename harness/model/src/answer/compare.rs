//! An answer against the cell that was called.

use std::net::{IpAddr, SocketAddr};

use dualproof_wire::Answer;

use super::{Departure, End, Reply};
use crate::evidence::{Objects, PodRef};
use crate::family::{IpFamily, canonical};
use crate::matrix::{CallCell, Dial, ServerPod};
use crate::truth::{Answering, Peer, inbound_sources};

/// Holds a reply against what was expected of the cell. `client` is the client's own socket as the prober saw it; without it
/// nothing is said of the client's end. Returns every departure; none means that the answer is right.
///
/// The answer's connection number is not compared: nothing else counts connections.
#[must_use]
pub fn compare(
    reply: &Reply,
    cell: &CallCell,
    answering: &Answering,
    objects: &Objects,
    run: &str,
    token: &str,
    client: Option<SocketAddr>,
) -> Vec<Departure> {
    let answer = &reply.answer;
    let mut departures = Vec::new();
    identity(answer, cell, run, &mut departures);
    if answer.token.as_deref() != Some(token) {
        departures.push(Departure::OtherToken { expected: token.to_owned(), seen: answer.token.clone() });
    }
    if let Some(greeting) = &reply.greeting
        && (Answer { token: None, ..answer.clone() }) != *greeting
    {
        departures.push(Departure::OtherGreeting);
    }
    for (end, address) in [(End::Local, answer.local), (End::Peer, answer.peer)] {
        if is_mapped(&address) {
            departures.push(Departure::Mapped { end, address });
        }
    }
    families(answer, answering, client, &mut departures);
    if let Some(server) = server_of(answer, cell) {
        if !server.ips.contains(&canonical(answer.local.ip())) {
            departures.push(Departure::NotItsOwn { seen: answer.local });
        }
        if server.node != answer.node {
            departures.push(Departure::OtherNode { expected: server.node.clone(), seen: answer.node.clone() });
        }
        if server.uid != answer.uid {
            departures.push(Departure::OtherUid { expected: server.uid.clone(), seen: answer.uid.clone() });
        }
        if server.service_account != answer.service_account {
            let (expected, seen) = (server.service_account.clone(), answer.service_account.clone());
            departures.push(Departure::OtherServiceAccount { expected, seen });
        }
    }
    departures.extend(peer(answer, cell, answering, objects, client));
    departures
}

fn identity(answer: &Answer, cell: &CallCell, run: &str, departures: &mut Vec<Departure>) {
    if answer.run != run {
        departures.push(Departure::OtherRun { expected: run.to_owned(), seen: answer.run.clone() });
    }
    if server_of(answer, cell).is_none() {
        let seen = PodRef { namespace: answer.namespace.clone(), name: answer.pod.clone() };
        let expected = cell.servers.iter().map(|server| server.pod.clone()).collect();
        departures.push(Departure::OtherPod { expected, seen });
    }
    for seen in [answer.port, answer.local.port()] {
        if seen != cell.number {
            departures.push(Departure::OtherPort { expected: cell.number, seen });
            break;
        }
    }
    if answer.bind != cell.bind {
        departures.push(Departure::OtherBind { expected: cell.bind, seen: answer.bind });
    }
    if answer.protocol != cell.protocol {
        departures.push(Departure::OtherProtocol { expected: cell.protocol, seen: answer.protocol });
    }
}

fn families(answer: &Answer, answering: &Answering, client: Option<SocketAddr>, departures: &mut Vec<Departure>) {
    let of = |address: &SocketAddr| IpFamily::of(&canonical(address.ip()));
    let (local, peer) = (of(&answer.local), of(&answer.peer));
    if local != peer {
        departures.push(Departure::MixedFamilies { local: answer.local, peer: answer.peer });
    }
    if !answering.arrival.contains(&local) {
        let expected = answering.arrival.clone();
        departures.push(Departure::OtherFamily { end: End::Local, expected, seen: local });
    }
    if let Some(seen) = client.as_ref().map(of).filter(|seen| *seen != answering.dialled) {
        departures.push(Departure::OtherFamily { end: End::Client, expected: [answering.dialled].into(), seen });
    }
}

fn peer(
    answer: &Answer,
    cell: &CallCell,
    answering: &Answering,
    objects: &Objects,
    client: Option<SocketAddr>,
) -> Option<Departure> {
    let family = IpFamily::of(&canonical(answer.local.ip()));
    let seen = answer.peer;
    let expected: Vec<IpAddr> = match answering.peer {
        Peer::Translated => return None,
        Peer::Sidecar => inbound_sources(&[family]).iter().copied().collect(),
        Peer::ClientSocket | Peer::ClientPod => {
            let pod = cell.client.pod.as_ref().and_then(|pod| objects.pod(pod))?;
            pod.ips.iter().copied().filter(|ip| IpFamily::of(ip) == family).collect()
        }
    };
    if !expected.contains(&canonical(seen.ip())) {
        return Some(Departure::OtherPeer { expected, seen });
    }
    // Where a node translated the destination, the kernel may have had to change the source port (two connections from one port, of
    // which one went to the pod directly).
    let is_direct = matches!(cell.dial, Dial::PodIp(_)) || cell.service.headless;
    let socket = client.filter(|_| answering.peer == Peer::ClientSocket && is_direct)?;
    let same = (canonical(socket.ip()), socket.port()) == (canonical(seen.ip()), seen.port());
    (!same).then_some(Departure::OtherSocket { expected: socket, seen })
}

fn server_of<'a>(answer: &Answer, cell: &'a CallCell) -> Option<&'a ServerPod> {
    cell.servers.iter().find(|server| server.pod.namespace == answer.namespace && server.pod.name == answer.pod)
}

fn is_mapped(address: &SocketAddr) -> bool {
    matches!(address, SocketAddr::V6(address) if address.ip().to_ipv4_mapped().is_some())
}
