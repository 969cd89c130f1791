//! Two runs of a kind of mesh.

use dualproof_model::differential::likeness;
use dualproof_model::evidence::Evidence;

use super::ORDERS;
use crate::lab::{CLIENT, World, listener, netns};

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
        let same = likeness(&world.evidence(), &elsewhere(&world), &[], &[]);
        assert!(same.compared > 40 && same.unlike.is_empty(), "{same:#?}");
    }
}

#[test]
fn what_one_run_alone_has_is_told_by_what_its_address_is_for() {
    let world = World::seed(ORDERS[1]);
    let mut other = world.evidence();
    listener(&mut other, CLIENT, 9000).addresses.retain(|address| address.ip.is_ipv4());
    netns(&mut other, CLIENT).sockets.v6.iter_mut().for_each(Vec::clear);
    let unlike = likeness(&world.evidence(), &other, &[], &[]).unlike;
    assert_eq!(unlike.len(), 2, "{unlike:#?}");
    assert_eq!(unlike[0].only_a, ["service servers/tcp-echo over IPv6 port 9000".to_owned()].into());
    assert_eq!(unlike[1].what, "sockets of IPv6 in pod clients/curl#0");
    assert!(unlike[1].only_a.contains(":: port 15020") && unlike[1].only_b.is_empty(), "{unlike:#?}");
}
