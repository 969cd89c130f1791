//! A source port that the server's kernel changed between two proxies.

use std::net::SocketAddr;

use dualproof_model::evidence::AccessLogLine;
use dualproof_model::path::{Proof, prove};
use dualproof_wire::Answer;

use super::call::{BY_POD_IP, BY_VIP, TO_NAKED, dialled, of, path, words};
use crate::calling::trail::Trail;

/// A call whose server saw another port of its client's proxy than that proxy had.
fn changed(id: &str) -> Trail {
    let mut trail = of(id, 7);
    for line in &mut trail.lines {
        (line.bytes_received, line.bytes_sent) = (Some(10), Some(315));
    }
    came_from(&mut trail.lines[1], |remote| remote.set_port(48_686));
    trail
}

fn came_from(line: &mut AccessLogLine, change: impl Fn(&mut SocketAddr)) {
    for remote in [&mut line.downstream_remote, &mut line.downstream_direct_remote].into_iter().flatten() {
        change(remote);
    }
}

#[test]
fn two_exact_ends_with_nothing_else_between_are_shown_each_for_itself() {
    for id in [BY_VIP, BY_POD_IP] {
        let trail = changed(id);
        let path = path(&trail);
        assert_eq!((path.proof.clone(), words(&trail, &path)), (Proof::Ends, Vec::new()), "{id}");
        assert_eq!(path.hops.len(), 4, "{id}: client, both proxies, application");
    }
}

#[test]
fn an_application_behind_the_clients_proxy_may_have_the_port_that_came() {
    let mut trail = changed(BY_VIP);
    let mut other = trail.lines[0].clone();
    (other.downstream_remote, other.downstream_direct_remote) =
        (trail.lines[1].downstream_remote, trail.lines[1].downstream_remote);
    other.connection = Some(999);
    other.upstream_local = "10.0.0.1:1".parse().ok();
    trail.lines.push(other);
    assert_eq!(path(&trail).proof, Proof::Ends, "it was redirected to its own proxy and never left the pod");

    let server = trail.lines[1].pod.clone();
    trail.lines[2].pod = server;
    assert!(!matches!(path(&trail).proof, Proof::Proven | Proof::Ends), "at the server it could be meant");
}

#[test]
fn requests_that_share_a_connection_between_proxies_are_told_apart() {
    let mut trail = changed(BY_VIP);
    for line in &mut trail.lines {
        line.request = Some("one".to_owned());
    }
    let mut later = trail.lines[1].clone();
    later.request = Some("two".to_owned());
    trail.lines.push(later);
    assert_eq!(path(&trail).proof, Proof::Ends);

    for request in [Some("one".to_owned()), None] {
        trail.lines[2].request = request;
        trail.lines[2].connection = Some(999);
        let proof = path(&trail).proof;
        assert!(!matches!(proof, Proof::Proven | Proof::Ends), "either could be meant: {proof:?}");
    }
}

#[test]
fn a_call_that_another_pod_answered_may_have_the_port_that_came() {
    let (trail, mut other) = (changed(BY_POD_IP), of(TO_NAKED, 8));
    let came = trail.lines[1].downstream_remote.unwrap_or_else(|| panic!("no port came"));
    other.lines[0].upstream_local = Some(came);
    let lines: Vec<AccessLogLine> = trail.lines.iter().chain(&other.lines).cloned().collect();
    let proof = |answered_by: Option<&Answer>| {
        let mut elsewhere = dialled(&other);
        elsewhere.answer = answered_by.map(|by| Answer { peer: came, ..by.clone() });
        prove(&[dialled(&trail), elsewhere], &lines).remove(0).proof
    };
    assert_eq!(proof(Some(&other.answer)), Proof::Ends, "it was seen to arrive there");
    for unknown in [None, Some(&trail.answer)] {
        let proof = proof(unknown);
        assert!(!matches!(proof, Proof::Proven | Proof::Ends), "it could be the one that arrived: {proof:?}");
    }
}

#[test]
fn whatever_else_could_be_meant_is_not_taken_for_it() {
    type Change = fn(&mut Trail);
    let cases: [(&str, Change); 6] = [
        ("another pod's address", |trail| {
            came_from(&mut trail.lines[1], |remote| *remote = SocketAddr::new([10, 9, 9, 9].into(), 48_686));
        }),
        ("another destination", |trail| trail.lines[1].downstream_local = "10.9.9.9:9000".parse().ok()),
        ("other bytes", |trail| trail.lines[1].bytes_sent = Some(316)),
        ("no bytes at all", |trail| trail.lines.iter_mut().for_each(|line| line.bytes_received = None)),
        ("the port that came is a known one", |trail| {
            let mut other = trail.lines[0].clone();
            other.upstream_local = trail.lines[1].downstream_remote;
            other.connection = Some(999);
            other.downstream_remote = "10.0.0.1:1".parse().ok();
            other.downstream_direct_remote = other.downstream_remote;
            trail.lines.push(other);
        }),
        ("the port that is lost went on elsewhere", |trail| {
            let (lost, local) = (trail.lines[0].upstream_local, trail.lines[1].downstream_local);
            let mut other = AccessLogLine { connection: Some(999), downstream_local: local, ..trail.lines[1].clone() };
            (other.downstream_remote, other.downstream_direct_remote) = (lost, lost);
            other.upstream_local = "127.0.0.6:1".parse().ok();
            trail.lines.push(other);
        }),
    ];
    for (what, change) in cases {
        let mut trail = changed(BY_VIP);
        change(&mut trail);
        let proof = path(&trail).proof;
        assert!(!matches!(proof, Proof::Proven | Proof::Ends), "{what}: {proof:?}");
    }
}
