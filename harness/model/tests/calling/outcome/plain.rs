//! Calls in plaintext, with a mesh and without.

use dualproof_model::truth::World;
use dualproof_wire::{Bind, Protocol};

use super::spelled::{holds, outcomes};
use crate::calling::world::{ORDERS, PERMISSIVE, STRICT};

#[test]
fn strict_refuses_plaintext_in_both_families() {
    holds(
        &STRICT,
        Bind::DualAny,
        Protocol::Tcp,
        "
        meshed/meshed.dual-v6v4/declared/pod-ip-0/v4 = fails closed reset
        meshed/meshed.dual-v6v4/declared/pod-ip-0/v6 = fails closed reset
        meshed/meshed.dual-v6v4/undeclared/pod-ip-0/v6 = fails closed reset
        meshed/meshed.dual-v6v4/declared/node-port-node-1/v6 = fails closed reset
        naked/meshed.dual-v6v4/declared/cluster-ip/v4 = fails closed reset
        naked/meshed.dual-v6v4/declared/cluster-ip/v6 = fails closed reset
        naked/meshed.dual-v6v4/declared/name-both/any = fails closed reset
        naked/meshed.dual-v6v4/declared/pod-ip-0/v4 = fails closed reset
        naked/meshed.dual-v6v4/declared/pod-ip-0/v6 = fails closed reset
        outside/meshed.dual-v6v4/declared/node-port-node-1/v4 = fails closed reset
        outside/meshed.dual-v6v4/declared/node-port-node-1/v6 = fails closed reset
        ",
    );
}

#[test]
fn permissive_lets_plaintext_in_by_the_family_that_was_dialled() {
    holds(
        &PERMISSIVE,
        Bind::DualAny,
        Protocol::Tcp,
        "
        naked/meshed.dual-v4v6/declared/cluster-ip/v4 = v4>v4 sidecar none+port plain
        naked/meshed.dual-v4v6/declared/cluster-ip/v6 = v6>v6 sidecar none+port plain
        naked/meshed.dual-v4v6/declared/name-both/any = v6>v6 sidecar none+port plain
        naked/meshed.dual-v4v6/undeclared/pod-ip-0/v4 = v4>v4 sidecar none+pass plain
        naked/meshed.dual-v4v6/undeclared/cluster-ip/v6 = fails closed refused reset timeout unreachable answered by a stranger
        outside/meshed.dual-v4v6/second/node-port-node-2/v6 = v6>v6 sidecar none+port plain
        outside/meshed.dual-v4v6/second/cluster-ip/v6 = none
        outside/naked.dual-v4v6/second/node-port-node-2/v4 = v4>v4 translated none+none plain
        outside/naked.single-v4/second/node-port-node-2/v6 = fails closed refused reset timeout unreachable answered by a stranger
        naked/naked.dual-v4v6/declared/cluster-ip/v6 = v6>v6 socket none+none plain
        naked/naked.single-v6/declared/name-both/any = v6>v6 socket none+none plain
        ",
    );
}

#[test]
fn without_a_mesh_every_call_keeps_its_family_and_meets_no_proxy() {
    for order in ORDERS {
        let seen = outcomes(order, &World::NO_MESH, Bind::DualAny, Protocol::Tcp);
        for (id, outcome) in &seen {
            assert!(!outcome.contains("sidecar") && !outcome.contains("service") && outcome != "unstated", "{id}");
            let naked = seen.get(&id.replacen("meshed/", "naked/", 1));
            assert_eq!(naked.or(Some(outcome)), Some(outcome), "{id}");
            if let Some((dialled, rest)) = outcome.split_once('>') {
                assert!(rest.starts_with(dialled), "{id}: {outcome}");
            }
        }
    }
    holds(
        &World::NO_MESH,
        Bind::DualAny,
        Protocol::Tcp,
        "
        meshed/meshed.dual-v6v4/declared/cluster-ip/v4 = v4>v4 socket none+none plain
        meshed/meshed.dual-v6v4/declared/name-both/any = v6>v6 socket none+none plain
        meshed/meshed.single-v4/declared/name-aaaa/v6 = fails no-data
        ",
    );
}
