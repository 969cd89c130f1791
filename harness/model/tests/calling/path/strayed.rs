//! Paths that are proven, and wrong.

use dualproof_model::evidence::AccessLogLine;
use dualproof_model::family::IpFamily;
use dualproof_model::path::{Leg, Proof, Side, Stray, strays};

use super::call::{ALL_NAKED, BY_NODE_PORT, BY_POD_IP, BY_VIP, of, path, words};
use crate::calling::trail::said;

#[test]
fn a_listener_that_is_missing_shows_as_passthrough_though_the_text_is_right() {
    let mut trail = of(BY_VIP, 1);
    // Envoy passes the VIP on, and kube-proxy turns it into a podIP of its family behind it.
    let vip = trail.lines[0].downstream_local;
    let (own, pod_ip) = ("[fd00:10:244::a]:20001", "[fd00:10:244::15]:9000");
    let socket = |text: &str| text.parse().unwrap_or_else(|error| panic!("{error}"));
    trail.lines[0] = AccessLogLine {
        cluster: Some("PassthroughCluster".to_owned()),
        upstream_host: vip,
        upstream_remote: vip,
        upstream_local: Some(socket(own)),
        upstream_peer: None,
        ..trail.lines[0].clone()
    };
    let (application, sidecar) = (socket(pod_ip), socket("[::6]:40001"));
    trail.lines[1] = AccessLogLine {
        downstream_remote: Some(socket(own)),
        downstream_direct_remote: Some(socket(own)),
        downstream_local: Some(application),
        upstream_local: Some(sidecar),
        upstream_host: Some(application),
        upstream_remote: Some(application),
        downstream_peer: None,
        ..trail.lines[1].clone()
    };
    trail.answer.local = application;
    trail.answer.peer = sidecar;
    trail.testimony = trail.replying(&said(&trail.answer));
    let path = path(&trail);
    assert_eq!(path.proof, Proof::Proven);
    assert_eq!(
        strays(&path, &trail.cell, &trail.answering),
        [
            Stray::Passthrough { side: Side::Client, cluster: "PassthroughCluster".to_owned() },
            Stray::IdentityLost,
            Stray::OtherFamily { leg: Leg::Between, expected: [IpFamily::IPv4].into(), seen: IpFamily::IPv6 },
            Stray::OtherFamily { leg: Leg::ToApplication, expected: [IpFamily::IPv4].into(), seen: IpFamily::IPv6 },
        ]
    );
}

#[test]
fn a_server_whose_rules_are_gone_is_reached_past_its_sidecar() {
    let mut trail = of(BY_POD_IP, 2);
    trail.lines.truncate(1);
    trail.answer.peer = trail.lines[0].upstream_local.unwrap_or_else(|| panic!("no socket"));
    trail.testimony = trail.replying(&said(&trail.answer));
    let path = path(&trail);
    assert_eq!((&path.proof, &path.facts.skipped), (&Proof::Proven, &vec![Side::Server]));
    assert_eq!(words(&trail, &path), ["the server's proxy was not crossed"]);
}

#[test]
fn a_client_whose_rules_are_gone_goes_past_its_sidecar() {
    let mut trail = of(BY_POD_IP, 2);
    let own = trail.testimony.attempt().and_then(|attempt| attempt.local);
    trail.lines.remove(0);
    trail.lines[0].downstream_remote = own;
    trail.lines[0].downstream_direct_remote = own;
    let seen = path(&trail);
    assert_eq!((&seen.proof, &seen.facts.skipped), (&Proof::Proven, &vec![Side::Client]));
    assert_eq!(words(&trail, &seen), ["the client's proxy was not crossed"]);
    trail.lines.clear();
    trail.answer.peer = own.unwrap_or_else(|| panic!("no socket"));
    trail.testimony = trail.replying(&said(&trail.answer));
    let seen = path(&trail);
    assert_eq!((&seen.proof, &seen.facts.skipped), (&Proof::Proven, &vec![Side::Client, Side::Server]));
}

#[test]
fn a_proxy_that_should_not_be_there_is_named() {
    let trail = of(BY_POD_IP, 2);
    let naked = of(ALL_NAKED, 2);
    let uninvited = strays(&path(&trail), &naked.cell, &naked.answering);
    assert!(uninvited.contains(&Stray::Uninvited(Side::Client)) && uninvited.contains(&Stray::Uninvited(Side::Server)));
}

#[test]
fn behind_a_node_the_server_s_proxy_is_still_looked_at() {
    let with = |change: fn(&mut AccessLogLine)| {
        let mut trail = of(BY_NODE_PORT, 3);
        change(&mut trail.lines[0]);
        words(&trail, &path(&trail))
    };
    assert_eq!(
        with(|line| line.downstream_peer = Some("spiffe://b".to_owned())),
        ["the server's proxy knows its client by certificate, where plaintext was expected"]
    );
    assert_eq!(
        with(|line| line.cluster = Some("InboundPassthroughCluster".to_owned())),
        ["the server's proxy passed the call through by InboundPassthroughCluster"]
    );
}

#[test]
fn identity_cluster_and_black_hole_are_looked_at() {
    let with = |change: fn(&mut [AccessLogLine])| {
        let mut trail = of(BY_VIP, 3);
        change(&mut trail.lines);
        let path = path(&trail);
        words(&trail, &path)
    };
    assert_eq!(with(|lines| lines[1].downstream_peer = None), ["the proxies do not know each other by certificate"]);
    assert_eq!(with(|lines| lines[0].upstream_peer = None).len(), 1);
    assert_eq!(
        with(|lines| lines[0].cluster = Some("outbound|9000||other.meshed.svc.cluster.local".to_owned())),
        ["the client's proxy took cluster `outbound|9000||other.meshed.svc.cluster.local`, expected \
          outbound|9000||dual-v6v4.meshed.svc…"]
    );
    assert_eq!(
        with(|lines| lines[1].cluster = Some("inbound|9001||".to_owned())),
        ["the server's proxy took cluster `inbound|9001||`, expected inbound|9000||"]
    );
    assert_eq!(
        with(|lines| lines[1].cluster = Some("InboundPassthroughCluster".to_owned())),
        ["the server's proxy passed the call through by InboundPassthroughCluster"]
    );
    assert_eq!(
        with(|lines| lines[0].cluster = Some("BlackHoleCluster".to_owned())),
        ["the client's proxy sent the call to nowhere"]
    );
    let mut plain = of(BY_POD_IP, 3);
    plain.lines[0].upstream_peer = Some("spiffe://a".to_owned());
    plain.lines[1].downstream_peer = Some("spiffe://b".to_owned());
    assert_eq!(
        words(&plain, &path(&plain)),
        ["the server's proxy knows its client by certificate, where plaintext was expected"]
    );
    plain.lines[0].cluster = Some("outbound|9000||x.meshed.svc.cluster.local".to_owned());
    assert!(words(&plain, &path(&plain))[0].ends_with("expected a passthrough cluster"));
}
