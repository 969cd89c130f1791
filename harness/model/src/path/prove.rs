//! Chains into paths: one chain or none, and no line for two calls.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use dualproof_wire::Answer;

use super::chain::{Chain, at_client, at_server, beginnings, whole};
use super::lines::Lines;
use super::renumbered::renumbered;
use super::{Dialled, Facts, Hop, Identity, Leg, Path, Proof, Side, Translation};
use crate::evidence::{AccessLogLine, PodRef};
use crate::family::IpFamily;

/// Proves the path of every call, each against all lines and all other calls. The order of either means nothing; repeated
/// lines change nothing.
///
/// Never proven: a call that two chains fit; calls that claim the same line; calls that used the same socket at one of their
/// ends, unless there is a line for each. Where a node rewrote both sockets each end is proven for itself ([`Proof::Ends`]), when
/// there is a proxy at any. All calls of the logs' time belong into
/// `calls`: one that is not told of cannot lay claim to its lines.
#[must_use]
pub fn prove(calls: &[Dialled], lines: &[AccessLogLine]) -> Vec<Path> {
    let lines = Lines::new(lines);
    let users = Users::of(calls);
    let found: Vec<Found> = calls.iter().map(|call| find(call, &lines, &users)).collect();
    let mut claims: BTreeMap<usize, usize> = BTreeMap::new();
    let mut whole: BTreeMap<usize, usize> = BTreeMap::new();
    for one in &found {
        for number in one.chain().into_iter().flat_map(Chain::lines) {
            *claims.entry(number).or_default() += 1;
            *whole.entry(number).or_default() += usize::from(one.is_whole());
        }
    }
    let shared = |call: &Dialled, found: &Found| -> Option<String> {
        users.outnumber_lines(call, found, &lines).or_else(|| {
            // A chain that fits at both ends is not shaken by one that only begins there, over a port that was given again.
            let claims = if found.is_whole() { &whole } else { &claims };
            let claimed = found.chain()?.lines().any(|number| claims.get(&number).is_some_and(|claims| *claims > 1));
            claimed.then(|| "another call lays claim to a line of its chain".to_owned())
        })
    };
    calls
        .iter()
        .zip(&found)
        .map(|(call, found)| match shared(call, found) {
            Some(why) => ambiguous(call, why),
            None => path(call, found, &lines),
        })
        .collect()
}

/// How many calls used the same sockets, at either end.
struct Users<'a> {
    at_client: BTreeMap<(Option<&'a PodRef>, Option<SocketAddr>, SocketAddr), usize>,
    at_server: BTreeMap<(&'a str, &'a str, SocketAddr, SocketAddr), usize>,
}

impl<'a> Users<'a> {
    fn of(calls: &'a [Dialled]) -> Self {
        let mut users = Self { at_client: BTreeMap::new(), at_server: BTreeMap::new() };
        for call in calls {
            *users.at_client.entry((call.client.as_ref(), call.socket, call.address)).or_default() += 1;
            if let Some(Answer { namespace, pod, peer, local, .. }) = &call.answer {
                *users.at_server.entry((namespace, pod, *peer, *local)).or_default() += 1;
            }
        }
        users
    }

    /// Counts the calls that servers without a proxy answered to this socket, one pod left out.
    fn answered_elsewhere(&self, peer: SocketAddr, but: &PodRef) -> usize {
        let others = self.at_server.iter().filter(|((namespace, pod, to, _), _)| {
            *to == peer && (*namespace, *pod) != (but.namespace.as_str(), but.name.as_str())
        });
        others.map(|(_, calls)| calls).sum()
    }

    /// Says so when fewer calls were logged than used an end of the chain: the line that fits may be another call's.
    fn outnumber_lines(&self, call: &Dialled, found: &Found, lines: &Lines<'_>) -> Option<String> {
        let (chain, is_whole) = (found.chain()?, found.is_whole());
        let socket = call.socket?;
        let users = self.at_client.get(&(call.client.as_ref(), call.socket, call.address)).copied().unwrap_or_default();
        let known = match (chain.client, found) {
            (Some(_), _) => at_client(call, socket, lines).len(),
            // Behind a node no line tells of the client's socket, and none could be another call's for it.
            (None, Found::Ends(_)) => users,
            (None, _) => lines.from(socket).count(),
        };
        if chain != Chain::default() && users > known {
            return Some(format!("{users} calls used its socket for this address, and {known} of them were logged"));
        }
        let answer = call.answer.as_ref().filter(|_| is_whole && chain.server.is_some())?;
        let end = (answer.namespace.as_str(), answer.pod.as_str(), answer.peer, answer.local);
        let users = self.at_server.get(&end).copied().unwrap_or_default();
        let known = at_server(answer, lines).len();
        (users > known)
            .then(|| format!("{users} calls reached the server from one socket, and {known} of them were logged"))
    }
}

/// What fits a call.
enum Found {
    Whole(Chain),
    Ends(Chain),
    Part(Chain, Vec<String>),
    Many(String),
}

impl Found {
    fn is_whole(&self) -> bool {
        matches!(self, Self::Whole(_) | Self::Ends(_))
    }

    fn chain(&self) -> Option<Chain> {
        match self {
            Self::Whole(chain) | Self::Ends(chain) | Self::Part(chain, _) => Some(*chain),
            Self::Many(_) => None,
        }
    }
}

fn find(call: &Dialled, lines: &Lines<'_>, users: &Users<'_>) -> Found {
    let Some(socket) = call.socket else {
        return Found::Part(Chain::default(), vec!["the client's own socket".to_owned()]);
    };
    if let Some(answer) = &call.answer {
        if call.translation == Translation::Both {
            return ends(call, socket, answer, lines);
        }
        match whole(call, socket, answer, lines).as_slice() {
            [only] => return Found::Whole(*only),
            [] => {
                if let Some(chain) =
                    renumbered(call, socket, answer, lines, |peer, pod| users.answered_elsewhere(peer, pod))
                {
                    return Found::Ends(chain);
                }
            }
            many => return Found::Many(several(many, lines)),
        }
    }
    match beginnings(call, socket, lines).as_slice() {
        [] => Found::Part(Chain::default(), missing(call, socket, Chain::default(), lines)),
        [only] => Found::Part(*only, missing(call, socket, *only, lines)),
        many => Found::Many(several(many, lines)),
    }
}

/// Takes each end for itself: the line of the client's proxy for its socket, and that of the server's for the application's.
fn ends(call: &Dialled, socket: SocketAddr, answer: &Answer, lines: &Lines<'_>) -> Found {
    let (clients, servers) = (at_client(call, socket, lines), at_server(answer, lines));
    if clients.len() > 1 || servers.len() > 1 {
        let (client, server) = (clients.len(), servers.len());
        return Found::Many(format!("{client} lines fit the client's end, and {server} the server's"));
    }
    let number = |lines: &[(usize, &AccessLogLine)]| lines.first().map(|(number, _)| *number);
    let chain = Chain { client: number(&clients), server: number(&servers) };
    if (call.client_meshed && chain.client.is_none()) || (call.server_meshed && chain.server.is_none()) {
        return Found::Part(chain, missing(call, socket, chain, lines));
    }
    if chain == Chain::default() {
        return Found::Many(format!("a node rewrote both ends between {socket} and the server"));
    }
    Found::Ends(chain)
}

fn several(chains: &[Chain], lines: &Lines<'_>) -> String {
    let mut places: Vec<&str> =
        chains.iter().flat_map(|chain| chain.lines()).map(|number| lines.get(number).place.as_str()).collect();
    places.sort_unstable();
    places.dedup();
    format!("{} chains fit, by {}", chains.len(), places.join(", "))
}

/// Names what a chain lacks. There is always something: a chain without gaps would have been whole.
fn missing(call: &Dialled, socket: SocketAddr, chain: Chain, lines: &Lines<'_>) -> Vec<String> {
    let mut missing = Vec::new();
    if call.client_meshed && chain.client.is_none() {
        missing.push(format!("a line of the client's proxy from {socket} to {}", call.address));
    }
    let Some(answer) = &call.answer else {
        if call.server_meshed && chain.server.is_none() {
            missing.push("a line of the server's proxy".to_owned());
        }
        missing.push("an answer to this call".to_owned());
        return missing;
    };
    if call.server_meshed && at_server(answer, lines).is_empty() {
        missing.push(format!("a line of the server's proxy that goes on from {} to {}", answer.peer, answer.local));
    }
    if missing.is_empty() {
        missing.push(format!("a link between {socket} and {}, whom the server at {} sees", answer.peer, answer.local));
    }
    missing
}

fn ambiguous(call: &Dialled, why: String) -> Path {
    Path { call: call.id.clone(), hops: Vec::new(), proof: Proof::Ambiguous { why }, facts: Facts::default() }
}

fn path(call: &Dialled, found: &Found, lines: &Lines<'_>) -> Path {
    let (chain, proof) = match found {
        Found::Whole(chain) => (*chain, Proof::Proven),
        Found::Ends(chain) => (*chain, Proof::Ends),
        Found::Part(chain, missing) => (*chain, Proof::Incomplete { missing: missing.clone() }),
        Found::Many(why) => return ambiguous(call, why.clone()),
    };
    let client = chain.client.map(|number| lines.get(number));
    let server = chain.server.map(|number| lines.get(number));
    let mut facts = facts(call, client, server);
    let mut hops = Vec::new();
    hops.extend(call.socket.map(|socket| Hop::Client { socket, dialled: call.address }));
    for (side, line) in [(Side::Client, client), (Side::Server, server)] {
        hops.extend(line.map(|line| Hop::Proxy { side, line: Box::new(line.clone()) }));
    }
    if let (Proof::Proven | Proof::Ends, Some(answer)) = (&proof, &call.answer) {
        let pod = PodRef { namespace: answer.namespace.clone(), name: answer.pod.clone() };
        hops.push(Hop::Application { pod, peer: answer.peer, local: answer.local });
        let expected = [(Side::Client, call.client_meshed, client), (Side::Server, call.server_meshed, server)];
        let skipped = expected.into_iter().filter(|(_, meshed, line)| *meshed && line.is_none());
        facts.skipped = skipped.map(|(side, _, _)| side).collect();
        match server {
            Some(_) => facts.legs.push((Leg::ToApplication, IpFamily::of(&answer.local.ip()))),
            None if client.is_some() => facts.legs.push((Leg::Between, IpFamily::of(&answer.local.ip()))),
            None => {}
        }
    }
    Path { call: call.id.clone(), hops, proof, facts }
}

fn facts(call: &Dialled, client: Option<&AccessLogLine>, server: Option<&AccessLogLine>) -> Facts {
    let mut facts = Facts::default();
    if call.socket.is_some() {
        facts.legs.push((Leg::Dialled, IpFamily::of(&call.address.ip())));
    }
    if let Some(local) = client.and(server).and_then(|line| line.downstream_local) {
        facts.legs.push((Leg::Between, IpFamily::of(&local.ip())));
    }
    for (side, line) in [(Side::Client, client), (Side::Server, server)] {
        let Some(line) = line else { continue };
        if line.is_passthrough() {
            facts.passthrough.push((side, line.cluster.clone().unwrap_or_default()));
        }
        if line.is_black_hole() {
            facts.black_hole.push(side);
        }
    }
    if let (Some(client), Some(server)) = (client, server) {
        facts.identity = match (&server.downstream_peer, &client.upstream_peer) {
            (Some(client), Some(server)) => Identity::Mutual { client: client.clone(), server: server.clone() },
            _ => Identity::Lost,
        };
    }
    facts
}
