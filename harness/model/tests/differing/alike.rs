//! Two runs of a kind of mesh.

use dualproof_model::differential::{Side, likeness};
use dualproof_model::evidence::Evidence;
use dualproof_wire::Outcome;

use super::{ORDERS, compared};
use crate::lab::matrix::{MatrixWorld, answer, end, report, told};
use crate::lab::{CLIENT, MERGED, World, listener, netns};

/// The same cluster with other addresses and other names of pods.
fn elsewhere(world: &World) -> Evidence {
    let mut evidence = world.evidence();
    for proxy in &mut evidence.proxies {
        proxy.pod.name.push_str("-x");
    }
    for pod in &mut evidence.objects.pods {
        pod.meta.name.push_str("-x");
    }
    for netns in &mut evidence.netns {
        netns.pod.name.push_str("-x");
    }
    evidence
}

#[test]
fn two_runs_that_behave_alike_are_equal_whatever_their_pods_are_called() {
    for order in ORDERS {
        let world = World::seed(order);
        let same = compared(&world.evidence(), &elsewhere(&world), &[]);
        assert!(same.compared > 40 && same.unlike.is_empty(), "{same:#?}");
    }
}

#[test]
fn what_one_run_alone_has_is_told_by_what_its_address_is_for() {
    let world = World::seed(ORDERS[1]);
    let mut other = world.evidence();
    listener(&mut other, CLIENT, 9000).addresses.retain(|address| address.ip.is_ipv4());
    netns(&mut other, CLIENT).sockets.v6.iter_mut().for_each(Vec::clear);
    let unlike = compared(&world.evidence(), &other, &[]).unlike;
    assert_eq!(unlike.len(), 2, "{unlike:#?}");
    assert_eq!(unlike[0].only_a, ["service servers/tcp-echo over IPv6 port 9000".to_owned()].into());
    assert_eq!(unlike[1].what, "sockets of IPv6 in pod clients/curl#0");
    assert!(unlike[1].only_a.contains(":: port 15020") && unlike[1].only_b.is_empty(), "{unlike:#?}");
}

#[test]
fn ends_of_a_call_that_chance_decides_between_are_the_same_and_no_others() {
    let world = MatrixWorld::meshed(ORDERS[0]);
    let matrix = world.scenario().matrix.unwrap_or_else(|| panic!("no matrix"));
    // The first is answered, of the second both proxies race, and STRICT refuses the third.
    let [answered, raced, strict] = [
        "meshed/agents.dual-v6v4/9000-declared-tcp-dual-any/cluster-ip/v6",
        "meshed/agents.dual-v6v4/9002-second-tcp-v6-only/cluster-ip/v6",
        "naked/agents-strict.dual-v6v4/9000-declared-tcp-dual-any/pod-ip-0/v6",
    ];
    for (id, outcome, is_same) in [
        (answered, Outcome::Reset, false),
        (strict, Outcome::Reset, true),
        (strict, Outcome::Timeout, false),
        (raced, Outcome::Reset, true),
        (raced, Outcome::Timeout, false),
    ] {
        let (a, mut b) = (world.evidence(), world.evidence());
        told(&mut b, &[id]).into_iter().for_each(|call| end(call, &outcome));
        let unlike = |shapes| likeness([&a, &b].map(|evidence| Side { evidence, shapes }), &[&matrix], &[]).unlike;
        let said = unlike(Some(&MERGED));
        assert_eq!(said.is_empty(), is_same, "{id} {outcome:?}: {said:#?}");
        assert!(said.iter().all(|one| one.what == format!("call {id}")), "{said:#?}");
    }
    // The proxy that wins reaches the family on which the application listens, and no other.
    for (local, is_same) in [("[fd00:10:244::8]:9002", true), ("10.244.0.8:9002", false)] {
        let (a, mut b) = (world.evidence(), world.evidence());
        let reply = told(&mut b, &[answered]).into_iter().map(|call| report(call).outcome.clone()).next();
        for call in told(&mut b, &[raced]) {
            report(call).outcome = reply.clone().unwrap_or_else(|| panic!("no answer"));
            let token = call.ask.token.clone();
            answer(call, |answer| {
                answer.token = Some(token);
                answer.local = local.parse().unwrap_or_else(|error| panic!("{error}"));
            });
        }
        let said = likeness([&a, &b].map(|evidence| Side { evidence, shapes: Some(&MERGED) }), &[&matrix], &[]).unlike;
        assert_eq!(said.is_empty(), is_same, "{local}: {said:#?}");
        assert!(said.iter().all(|one| one.only_b.iter().all(|end| end.contains("answered"))), "{said:#?}");
    }
}
