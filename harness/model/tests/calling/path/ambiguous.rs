//! Chains that may be another call's.

use dualproof_model::evidence::AccessLogLine;
use dualproof_model::path::{Proof, prove};
use dualproof_wire::{Bind, Protocol};

use super::call::{BY_NODE_PORT, BY_VIP, FROM_NAKED, dialled, of, path, words};
use crate::calling::trail::{Ports, said, trail};
use crate::calling::world::{ORDERS, PERMISSIVE, cells, objects, roster};

#[test]
fn a_call_through_a_node_without_any_proxy_is_not_proven() {
    let path = path(&of("outside/naked.dual-v6v4/9000-declared-tcp-dual-any/node-port-node-1/v6", 7));
    let Proof::Ambiguous { why } = &path.proof else { panic!("{:?}", path.proof) };
    assert_eq!(why, "a node rewrote both ends between [fc00:f853:ccd:e793::99]:10007 and the server");
    assert!(path.hops.is_empty());
}

#[test]
fn two_lines_at_an_end_behind_a_node_prove_neither() {
    let mut trail = of(BY_NODE_PORT, 7);
    trail.lines.push(AccessLogLine { connection: Some(999), downstream_remote: None, ..trail.lines[0].clone() });
    let path = path(&trail);
    let Proof::Ambiguous { why } = &path.proof else { panic!("{:?}", path.proof) };
    assert_eq!(why, "0 lines fit the client's end, and 2 the server's");
}

#[test]
fn a_line_that_was_logged_twice_is_one_and_two_that_differ_are_two() {
    let mut trail = of(BY_VIP, 8);
    let mut early = trail.lines[0].clone();
    early.place.push_str("-early");
    early.duration_millis = Some(1);
    early.upstream_peer = None;
    early.upstream_local = None;
    trail.lines.insert(0, early);
    trail.lines.push(trail.lines[1].clone());
    let seen = path(&trail);
    assert_eq!((seen.proof.clone(), words(&trail, &seen)), (Proof::Proven, Vec::new()), "the fuller line counts");
    let mut second = trail.lines[1].clone();
    second.connection = Some(999);
    trail.lines.push(second);
    assert!(matches!(path(&trail).proof, Proof::Ambiguous { .. }));
}

#[test]
fn no_line_counts_for_two_calls() {
    let (one, other) = (of(FROM_NAKED, 9), of(FROM_NAKED, 9));
    let mut lines = one.lines.clone();
    // Another connection from the socket, and another to the server: as many lines as calls, and one that both claim.
    lines.push(AccessLogLine { downstream_local: "10.9.9.9:9".parse().ok(), connection: Some(1), ..lines[0].clone() });
    for path in prove(&[dialled(&one), dialled(&other)], &lines) {
        let Proof::Ambiguous { why } = &path.proof else { panic!("{:?}", path.proof) };
        assert_eq!(why, "another call lays claim to a line of its chain");
    }
}

#[test]
fn a_call_that_only_begins_at_a_line_does_not_shake_the_one_that_fits_at_both_ends() {
    let (one, mut other) = (of(BY_VIP, 1), of(BY_VIP, 3));
    // Its proxy got the same port again, and its server's line is not there.
    other.lines[0].upstream_local = one.lines[0].upstream_local;
    other.lines.truncate(1);
    let lines: Vec<AccessLogLine> = one.lines.iter().chain(&other.lines).cloned().collect();
    let paths = prove(&[dialled(&one), dialled(&other)], &lines);
    assert_eq!(paths[0].proof, Proof::Proven);
    assert!(!matches!(paths[1].proof, Proof::Proven | Proof::Ends), "{:?}", paths[1].proof);
}

#[test]
fn a_server_reached_twice_from_one_socket_needs_a_line_for_each() {
    let (one, mut other) = (of(BY_VIP, 1), of(BY_VIP, 3));
    other.answer.peer = one.answer.peer;
    other.lines[1].upstream_local = one.lines[1].upstream_local;
    other.testimony = other.replying(&said(&other.answer));
    let calls = [dialled(&one), dialled(&other)];
    let mut lines: Vec<AccessLogLine> = one.lines.iter().chain(&other.lines).cloned().collect();
    assert!(prove(&calls, &lines).iter().all(|path| path.proof == Proof::Proven));
    lines.pop();
    let paths = prove(&calls, &lines);
    let Proof::Ambiguous { why } = &paths[0].proof else { panic!("{:?}", paths[0].proof) };
    assert_eq!(why, "2 calls reached the server from one socket, and 1 of them were logged");
}

#[test]
fn a_socket_used_twice_needs_a_line_for_each_use() {
    let objects = objects(ORDERS[0]);
    let all = cells(&roster(Bind::DualAny, Protocol::Tcp, true), &objects);
    let cell = all.iter().find(|cell| cell.id == BY_VIP).unwrap_or_else(|| panic!("no cell"));
    let with = |number: u16| {
        let ports = Ports { client: 50_000, ..Ports::of(number) };
        trail(cell, &PERMISSIVE, &objects, usize::from(number), ports).unwrap_or_else(|| panic!("not answered"))
    };
    let (one, other) = (with(1), with(2));
    let calls = [dialled(&one), dialled(&other)];
    let lines: Vec<AccessLogLine> = one.lines.iter().chain(&other.lines).cloned().collect();
    assert!(prove(&calls, &lines).iter().all(|path| path.proof == Proof::Proven));
    let paths = prove(&calls, &one.lines);
    let Proof::Ambiguous { why } = &paths[0].proof else { panic!("{:?}", paths[0].proof) };
    assert_eq!(why, "2 calls used its socket for this address, and 1 of them were logged");
}

#[test]
fn requests_over_one_connection_are_told_apart_by_their_ids_or_not_at_all() {
    let pooled = |number: u16, request: Option<&str>| {
        let mut trail = of(BY_VIP, number);
        for line in &mut trail.lines {
            line.request = request.map(str::to_owned);
        }
        let first = of(BY_VIP, 10);
        trail.lines[0].upstream_local = first.lines[0].upstream_local;
        trail.lines[1].downstream_remote = first.lines[1].downstream_remote;
        trail.lines[1].downstream_direct_remote = first.lines[1].downstream_direct_remote;
        trail.lines[1].upstream_local = first.lines[1].upstream_local;
        trail.answer.peer = first.answer.peer;
        trail.testimony = trail.replying(&said(&trail.answer));
        trail
    };
    for (ids, proven) in [([Some("a"), Some("b")], true), ([Some("a"), Some("a")], false), ([None, None], false)] {
        let trails = [pooled(10, ids[0]), pooled(12, ids[1])];
        let lines: Vec<AccessLogLine> = trails.iter().flat_map(|trail| trail.lines.clone()).collect();
        let calls = [dialled(&trails[0]), dialled(&trails[1])];
        for path in prove(&calls, &lines) {
            assert_eq!(path.proof == Proof::Proven, proven, "{ids:?}: {:?}", path.proof);
        }
    }
}
