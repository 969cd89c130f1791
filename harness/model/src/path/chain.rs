//! Every chain that fits a call.

use std::net::SocketAddr;

use dualproof_wire::Answer;

use super::lines::Lines;
use super::{Dialled, Translation};
use crate::evidence::{AccessLogLine, Direction, PodRef};

/// The lines of one chain, by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Chain {
    pub(super) client: Option<usize>,
    pub(super) server: Option<usize>,
}

impl Chain {
    pub(super) fn lines(self) -> impl Iterator<Item = usize> {
        [self.client, self.server].into_iter().flatten()
    }
}

/// Lists the chains that fit from the client's socket to the answer's, whether or not the pods have sidecars: that one was
/// skipped is for the chain to show.
pub(super) fn whole(call: &Dialled, socket: SocketAddr, answer: &Answer, lines: &Lines<'_>) -> Vec<Chain> {
    let at_server = at_server(answer, lines);
    let mut chains = Vec::new();
    for (client, line) in at_client(call, socket, lines) {
        let carried_on = |remote: Option<SocketAddr>, local: Option<SocketAddr>| {
            remote.is_some() && remote == line.upstream_local && reaches(call, line.upstream(), local)
        };
        if carried_on(Some(answer.peer), Some(answer.local)) {
            chains.push(Chain { client: Some(client), server: None });
        }
        let servers = at_server
            .iter()
            .filter(|(_, server)| carried_on(server.remote(), server.downstream_local) && same_request(line, server));
        chains.extend(servers.map(|(server, _)| Chain { client: Some(client), server: Some(*server) }));
    }
    let direct = |remote: Option<SocketAddr>, local: Option<SocketAddr>| {
        remote == Some(socket) && reaches(call, Some(call.address), local)
    };
    if direct(Some(answer.peer), Some(answer.local)) {
        chains.push(Chain::default());
    }
    let servers = at_server.iter().filter(|(_, server)| direct(server.remote(), server.downstream_local));
    chains.extend(servers.map(|(server, _)| Chain { client: None, server: Some(*server) }));
    chains
}

/// Lists the longest beginnings of chains, for a call that was not answered or whose lines are not all there. Where a node
/// rewrites both ends, the trail stops at the client's proxy.
pub(super) fn beginnings(call: &Dialled, socket: SocketAddr, lines: &Lines<'_>) -> Vec<Chain> {
    let mut chains = Vec::new();
    for (client, line) in at_client(call, socket, lines) {
        let own = line.upstream_local.filter(|_| call.translation != Translation::Both);
        let own = own.into_iter().flat_map(|own| lines.from(own));
        let servers = own.filter(|(_, server)| {
            server.direction() != Some(Direction::Outbound)
                && reaches(call, line.upstream(), server.downstream_local)
                && same_request(line, server)
        });
        let before = chains.len();
        chains.extend(servers.map(|(server, _)| Chain { client: Some(client), server: Some(server) }));
        if chains.len() == before {
            chains.push(Chain { client: Some(client), server: None });
        }
    }
    let direct = lines.from(socket).filter(|(_, line)| {
        Some(&line.pod) != call.client.as_ref()
            && line.direction() != Some(Direction::Outbound)
            && reaches(call, Some(call.address), line.downstream_local)
    });
    chains.extend(direct.map(|(server, _)| Chain { client: None, server: Some(server) }));
    chains
}

/// Lists the lines of the client's proxy for a connection from this socket to this address.
pub(super) fn at_client<'a>(call: &Dialled, socket: SocketAddr, lines: &Lines<'a>) -> Vec<(usize, &'a AccessLogLine)> {
    let Some(pod) = &call.client else { return Vec::new() };
    lines
        .from(socket)
        .filter(|(_, line)| {
            line.pod == *pod
                && line.downstream_local == Some(call.address)
                && line.direction() != Some(Direction::Inbound)
        })
        .collect()
}

/// Lists the lines of the server's proxy for a connection that it carried on to this socket of the application.
pub(super) fn at_server<'a>(answer: &Answer, lines: &Lines<'a>) -> Vec<(usize, &'a AccessLogLine)> {
    let pod = PodRef { namespace: answer.namespace.clone(), name: answer.pod.clone() };
    lines
        .onward(&pod, answer.peer)
        .filter(|(_, line)| line.direction() != Some(Direction::Outbound) && line.upstream() == Some(answer.local))
        .collect()
}

/// Tells whether what was dialled is what the next one was reached by. kube-proxy turns the clusterIP that was dialled, and
/// that a proxy passed through, into a podIP; an endpoint that a proxy has chosen is a podIP already.
pub(super) fn reaches(call: &Dialled, dialled: Option<SocketAddr>, reached: Option<SocketAddr>) -> bool {
    let (Some(dialled), Some(reached)) = (dialled, reached) else { return false };
    let translated = call.translation == Translation::Destination && dialled == call.address;
    dialled == reached || (translated && dialled.is_ipv4() == reached.is_ipv4())
}

/// Connections between proxies carry one HTTP request after another, so the sockets alone do not tell them apart.
pub(super) fn same_request(client: &AccessLogLine, server: &AccessLogLine) -> bool {
    match (&client.request, &server.request) {
        (Some(client), Some(server)) => client == server,
        _ => true,
    }
}
