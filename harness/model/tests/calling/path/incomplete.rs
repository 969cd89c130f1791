//! Paths of which a part is not there.

use dualproof_model::evidence::AccessLogLine;
use dualproof_model::path::{Hop, Side, prove};
use dualproof_wire::Answer;

use super::call::{ALL_NAKED, BY_NODE_PORT, BY_VIP, FROM_NAKED, TO_NAKED, dialled, missing, of, path};
use crate::calling::trail::{Trail, said};

#[test]
fn a_line_that_is_missing_is_named_and_nothing_is_proven() {
    for (id, index, says) in [
        (BY_VIP, 0, "a line of the client's proxy from [fd00:10:244::a]:10004 to [fd00:10:96::15]:9000"),
        (BY_VIP, 1, "a line of the server's proxy that goes on from 127.0.0.6:40004 to 10.244.0.20:9000"),
        (TO_NAKED, 0, "a line of the client's proxy from [fd00:10:244::a]:10004 to [fd00:10:96::1f]:9000"),
        (FROM_NAKED, 0, "a line of the server's proxy that goes on from [::6]:40004 to [fd00:10:244::14]:9000"),
        (BY_NODE_PORT, 0, "a line of the server's proxy that goes on from [::6]:40004 to [fd00:10:244::14]:9000"),
    ] {
        let mut trail = of(id, 4);
        trail.lines.remove(index);
        let path = path(&trail);
        assert_eq!(missing(&path), [says], "{id}");
        assert_eq!(path.facts.skipped, [], "{id}: what is missing was not skipped");
    }
}

#[test]
fn links_that_do_not_fit_are_not_bent() {
    let other = "10.244.0.77:7".parse().ok();
    let broken: [fn(&mut Trail, Option<std::net::SocketAddr>); 5] = [
        |trail, other| trail.lines[0].upstream_local = other,
        |trail, other| trail.lines[0].upstream_remote = other,
        |trail, other| trail.lines[1].downstream_direct_remote = other,
        |trail, other| trail.lines[1].downstream_local = other,
        |trail, other| trail.lines[1].upstream_remote = other,
    ];
    for change in broken {
        let mut trail = of(BY_VIP, 4);
        change(&mut trail, other);
        let path = path(&trail);
        assert!(!missing(&path).is_empty());
    }
    let mut naked = of(ALL_NAKED, 4);
    naked.answer.peer.set_port(1);
    naked.testimony = naked.replying(&said(&naked.answer));
    assert!(missing(&path(&naked))[0].starts_with("a link between [fd00:10:244::b]:10004 and [fd00:10:244::b]:1,"));
}

#[test]
fn without_an_answer_of_its_own_a_call_shows_its_beginning() {
    let trail = of(BY_VIP, 6);
    let foreign = "another token";
    let other = Answer { token: Some(foreign.to_owned()), ..trail.answer.clone() };
    for text in ["", "no answer", &said(&other)] {
        let mut call = trail.clone();
        call.testimony = trail.replying(text);
        let path = path(&call);
        assert_eq!(missing(&path), ["an answer to this call"], "{text}");
        assert_eq!(path.hops.len(), 3, "both proxies were crossed");
    }
    let mut hole = trail.clone();
    hole.testimony = trail.replying("");
    hole.lines.truncate(1);
    hole.lines[0].cluster = Some("BlackHoleCluster".to_owned());
    let seen = path(&hole);
    assert_eq!(seen.facts.black_hole, [Side::Client]);
    assert_eq!(missing(&seen), ["a line of the server's proxy", "an answer to this call"]);
    let refused = of(FROM_NAKED, 6);
    let mut refused = Trail { testimony: refused.replying(""), ..refused };
    refused.lines[0] = AccessLogLine {
        upstream_local: None,
        upstream_host: None,
        upstream_remote: None,
        cluster: None,
        ..refused.lines[0].clone()
    };
    let seen = path(&refused);
    assert!(matches!(seen.hops.as_slice(), [Hop::Client { .. }, Hop::Proxy { side: Side::Server, .. }]));
}

#[test]
fn a_call_that_never_had_a_socket_says_so() {
    let mut call = dialled(&of(BY_VIP, 13));
    call.socket = None;
    call.answer = None;
    assert_eq!(missing(&prove(&[call], &[])[0]), ["the client's own socket"]);
}
