//! A link that the kernel broke: a source port changed between two proxies.
//!
//! Redirect gives connections to different ports of a pod one destination. Where two of them come from one socket, which Envoy's
//! kernel is free to do, their tuples would be the same, so the server's kernel gives one of them another source port
//! (linux:net/netfilter/nf_nat_core.c `get_unique_tuple`). Seen on kind, in one of some 6000 calls.

use std::net::SocketAddr;

use dualproof_wire::Answer;

use super::Dialled;
use super::chain::{Chain, at_client, at_server, reaches, same_request};
use super::lines::Lines;
use crate::evidence::PodRef;

/// Finds the chain of a call whose ends are each shown by one line, and between whose proxies nothing but the source port differs.
///
/// The lines must agree on who speaks to whom and on the bytes of both directions, and neither the port that is lost nor the one
/// that came may be known to any other line: else another connection could be meant. One that is seen to have arrived at another pod is not:
/// the kernel gives the client's proxy a port again for another destination. `elsewhere` counts the answers that went to a socket from
/// other pods than one.
pub(super) fn renumbered(
    call: &Dialled,
    socket: SocketAddr,
    answer: &Answer,
    lines: &Lines<'_>,
    elsewhere: impl Fn(SocketAddr, &PodRef) -> usize,
) -> Option<Chain> {
    let clients = at_client(call, socket, lines);
    let [(client, from)] = clients.as_slice() else { return None };
    // A connection between proxies carries one HTTP request after another.
    let servers: Vec<_> = at_server(answer, lines).into_iter().filter(|(_, to)| same_request(from, to)).collect();
    let [(server, to)] = servers.as_slice() else { return None };
    let (lost, came) = (from.upstream_local?, to.remote()?);
    let is_one = lost.ip() == came.ip()
        && reaches(call, from.upstream(), to.downstream_local)
        && from.bytes_received.is_some()
        && (from.bytes_received, from.bytes_sent) == (to.bytes_received, to.bytes_sent);
    let lost_is_free = lines.from(lost).all(|(_, line)| line.downstream_local != to.downstream_local);
    // A port of an application behind the client's proxy never leaves that pod.
    let (here, there): (Vec<_>, Vec<_>) =
        lines.from(came).filter(|(_, line)| line.pod != from.pod).partition(|(_, line)| line.pod == to.pod);
    let here = here.iter().filter(|(_, line)| same_request(from, line)).count();
    let came_is_free = here == 1 && lines.onward(&from.pod, came).count() <= there.len() + elsewhere(came, &to.pod);
    (is_one && lost_is_free && came_is_free).then_some(Chain { client: Some(*client), server: Some(*server) })
}
