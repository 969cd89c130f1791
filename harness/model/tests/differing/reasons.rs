//! Differences that have a reason, and those that must not get one from it.

use std::net::IpAddr;

use dualproof_model::differential::{DifferenceReason, Likeness, difference_reasons};
use dualproof_model::evidence::{Cluster, Evidence, Match, Rule};
use dualproof_model::family::FamilyOrder;
use dualproof_model::plan::MeshKind;
use dualproof_model::report::{Conclusion, DifferenceReport};

use super::{ORDERS, compared};
use crate::lab::{CLIENT, World, listener, netns, proxy};

const REASONS: &str = "\
differences:
- between: [embedded, istio]
  reason: a mark and no user
  where:
  - {part: rules, name: '* nat ISTIO_OUTPUT', words: {istio: [--uid-owner 1337, --gid-owner 1337], embedded: [--mark 0x539/0xffffffff]}}
- between: [istio, embedded]
  reason: no EDS
  where:
  - {part: cluster, name: 'outbound|*', words: {istio: [EDS], embedded: [STATIC]}}
- between: [istio, embedded]
  reason: no agent
  where:
  - {part: sockets, name: IPv4, only: istio, holds: 127.0.0.1 port 15004}
  - {part: cluster, name: agent, only: istio}
";

fn reasons() -> Vec<DifferenceReason> {
    difference_reasons("d.yaml", REASONS).unwrap_or_else(|error| panic!("{error}"))
}

/// The same cluster with a mark in place of user and group, without EDS and without an agent's port.
fn embedded(order: FamilyOrder) -> Evidence {
    let mut evidence = World::seed(order).evidence();
    evidence.manifest.cell.mesh = MeshKind::Embedded;
    for netns in &mut evidence.netns {
        for rules in [&mut netns.rules.v4, &mut netns.rules.v6].into_iter().flatten() {
            rules.tables.iter_mut().flat_map(|table| &mut table.chains).for_each(|chain| marked(&mut chain.rules));
        }
        netns.sockets.v4.iter_mut().for_each(|sockets| sockets.retain(|socket| socket.address.port() != 15004));
    }
    for cluster in evidence.proxies.iter_mut().flat_map(|proxy| &mut proxy.clusters) {
        if cluster.kind == "EDS" {
            cluster.kind = "STATIC".to_owned();
        }
    }
    evidence
}

fn marked(rules: &mut Vec<Rule>) {
    rules.retain(|rule| !rule.matchers.iter().any(|matcher| matches!(matcher.what, Match::GidOwner(_))));
    for matcher in rules.iter_mut().flat_map(|rule| &mut rule.matchers) {
        if matches!(matcher.what, Match::UidOwner(_)) {
            matcher.what = Match::Mark { value: 0x539, mask: u32::MAX };
        }
    }
}

fn of_output(evidence: &mut Evidence, is_v6: bool) -> &mut Vec<Rule> {
    let rules = &mut netns(evidence, CLIENT).rules;
    let rules = if is_v6 { &mut rules.v6 } else { &mut rules.v4 };
    let mut chains = rules.iter_mut().flat_map(|rules| &mut rules.tables).flat_map(|table| &mut table.chains);
    &mut chains.find(|chain| chain.name == "ISTIO_OUTPUT").unwrap_or_else(|| panic!("no ISTIO_OUTPUT")).rules
}

#[test]
fn what_has_a_reason_is_counted_by_it_whichever_bundle_comes_first() {
    for order in ORDERS {
        let (istio, embedded) = (World::seed(order).evidence(), embedded(order));
        for (a, b) in [(&istio, &embedded), (&embedded, &istio)] {
            let said = compared(a, b, &reasons());
            assert!(said.unlike.is_empty(), "{:#?}", said.unlike);
            let counts: Vec<_> = said.reasons.iter().map(|one| (one.reason.as_str(), one.things.len())).collect();
            // Three pods: a chain of each family, one cluster, one family's sockets.
            assert_eq!(counts, [("a mark and no user", 6), ("no EDS", 3), ("no agent", 3)]);
            assert_eq!(said.explained, 12);
            assert_eq!(said.unused, [("no agent".to_owned(), "cluster agent, only istio".to_owned())]);
            let without = compared(a, b, &[]);
            assert_eq!((without.explained, without.unlike.len()), (0, 12));
        }
    }
}

#[test]
fn a_reason_between_other_kinds_explains_nothing_and_is_not_called_unused() {
    let (a, mut b) = (World::seed(ORDERS[0]).evidence(), embedded(ORDERS[0]));
    b.manifest.cell.mesh = MeshKind::Istio;
    let said = compared(&a, &b, &reasons());
    assert_eq!((said.explained, said.unlike.len(), said.reasons.len(), said.unused.len()), (0, 12, 0, 0));
}

#[test]
fn what_one_kind_alone_has_is_explained_where_the_other_has_nothing_of_it() {
    let agent = |evidence: &mut Evidence, kind: &str| {
        let clusters = &mut proxy(evidence, CLIENT).clusters;
        clusters.push(Cluster { name: "agent".to_owned(), kind: kind.to_owned(), active: true, ..Cluster::default() });
    };
    let (mut istio, mut ours) = (World::seed(ORDERS[0]).evidence(), embedded(ORDERS[0]));
    agent(&mut istio, "STATIC");
    let said = compared(&istio, &ours, &reasons());
    assert_eq!((said.explained, said.unlike.len(), said.unused.len()), (13, 0, 0));
    // The reason is about one kind, and not about a thing that both have.
    agent(&mut ours, "EDS");
    assert_eq!(compared(&istio, &ours, &reasons()).unlike.len(), 1);
    proxy(&mut istio, CLIENT).clusters.retain(|cluster| cluster.name != "agent");
    assert_eq!(compared(&istio, &ours, &reasons()).unlike.len(), 1);
}

/// What is lost, in which of both, and a word of what must be found unlike.
type Loss = (&'static str, fn(&mut Evidence, &mut Evidence), &'static str, &'static str);

#[test]
fn what_is_lost_of_a_family_has_no_reason() {
    let cases: [Loss; 12] = [
        (
            "an IPv6 rule for the user",
            |istio, _| drop(of_output(istio, true).remove(1)),
            "rules of IPv6",
            "--uid-owner",
        ),
        (
            "an IPv6 rule for the group",
            |istio, _| drop(of_output(istio, true).remove(5)),
            "rules of IPv6",
            "--gid-owner",
        ),
        ("an IPv6 rule for the mark", |_, ours| drop(of_output(ours, true).remove(2)), "rules of IPv6", "--mark"),
        (
            "all IPv6 rules of the chain",
            |istio, _| of_output(istio, true).clear(),
            "rules of IPv6",
            "-j ISTIO_REDIRECT",
        ),
        ("the last IPv4 rule", |_, ours| drop(of_output(ours, false).pop()), "rules of IPv4", "-j ISTIO_REDIRECT"),
        (
            "the order of rules for the mark",
            |_, ours| of_output(ours, true).swap(2, 3),
            "rules of IPv6",
            "-o lo ! --mark 0x539/0xffffffff -j RETURN",
        ),
        (
            "the place of the rules for the mark",
            |_, ours| of_output(ours, true).rotate_right(1),
            "rules of IPv6",
            "-j ISTIO_REDIRECT",
        ),
        (
            "an additional address",
            |_, ours| listener(ours, CLIENT, 9000).addresses.truncate(1),
            "listener",
            "over IPv4 port 9000",
        ),
        (
            "an endpoint's second address",
            |istio, _| {
                let loads = &mut proxy(istio, CLIENT).endpoints;
                let all = loads.iter_mut().flat_map(|load| &mut load.endpoints);
                all.for_each(|endpoint| endpoint.addresses.truncate(1));
            },
            "endpoints",
            "then",
        ),
        (
            "the source address of a cluster",
            |_, ours| {
                let clusters = &mut proxy(ours, CLIENT).clusters;
                clusters.iter_mut().for_each(|cluster| cluster.bind_sources.retain(IpAddr::is_ipv4));
            },
            "cluster InboundPassthroughCluster",
            "from [127.0.0.6]",
        ),
        ("what is open", |_, ours| netns(ours, CLIENT).sockets.v4 = None, "sockets of IPv4", "127.0.0.1 port 15004"),
        (
            "another open port",
            |istio, _| {
                let sockets = netns(istio, CLIENT).sockets.v6.iter_mut();
                sockets.for_each(|sockets| sockets.retain(|socket| socket.address.port() != 15001));
            },
            "sockets of IPv6",
            ":: port 15001",
        ),
    ];
    for (lost, change, what, words) in cases {
        let (mut istio, mut ours) = (World::seed(ORDERS[1]).evidence(), embedded(ORDERS[1]));
        change(&mut istio, &mut ours);
        let Likeness { unlike, .. } = compared(&istio, &ours, &reasons());
        let is_told = unlike.iter().any(|one| {
            one.what.contains(what) && one.only_a.iter().chain(&one.only_b).any(|line| line.contains(words))
        });
        assert!(is_told, "{lost}: {unlike:#?}");
        assert!(unlike.iter().all(|one| one.what.ends_with("pod clients/curl#0")), "{lost}: {unlike:#?}");
    }
}

#[test]
fn the_report_says_how_much_has_which_reason_and_is_red_for_the_rest_alone() {
    let (istio, mut ours) = (World::seed(ORDERS[0]).evidence(), embedded(ORDERS[0]));
    let report = |ours: &Evidence| {
        let likeness = compared(&istio, ours, &reasons());
        DifferenceReport::of_kind(&istio.manifest, &ours.manifest, &likeness)
    };
    let explained = report(&ours);
    assert_eq!(explained.conclusion, Conclusion::Conforms, "{}", explained.text());
    assert_eq!((explained.counts["explained"], explained.counts["unlike"]), (12, 0));
    let said = explained.text();
    for words in
        ["explained: 6: a mark and no user", "unused: cluster agent, only istio: no agent", "12 differ for a known"]
    {
        assert!(said.contains(words), "`{words}` is not in {said}");
    }
    assert!(
        explained.explained[1]
            .things
            .contains("cluster outbound|9000||tcp-echo.servers.svc.cluster.local of pod clients/curl#0")
    );

    listener(&mut ours, CLIENT, 9000).addresses.truncate(1);
    let red = report(&ours);
    assert_eq!((red.conclusion, red.differences.len()), (Conclusion::DoesNotConform, 1), "{}", red.text());
    assert!(red.reason.starts_with("1 of ") && red.reason.contains("12 more"), "{}", red.reason);
}
