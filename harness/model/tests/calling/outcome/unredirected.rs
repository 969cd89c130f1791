//! Calls that no sidecar can take: datagrams, and plaintext to a server that speaks first.

use dualproof_model::truth::World;
use dualproof_wire::{Bind, Protocol};

use super::spelled::{holds, outcomes};
use crate::calling::world::{ORDERS, PERMISSIVE, STRICT};

#[test]
fn datagrams_meet_no_proxy_whatever_mtls_is_demanded() {
    for world in [&World::NO_MESH, &PERMISSIVE, &STRICT] {
        holds(
            world,
            Bind::DualAny,
            Protocol::Udp,
            "
            meshed/meshed.dual-v6v4/declared/cluster-ip/v4 = v4>v4 socket none+none plain
            meshed/meshed.dual-v6v4/declared/cluster-ip/v6 = v6>v6 socket none+none plain
            meshed/meshed.dual-v4v6/declared/name-both/any = v6>v6 socket none+none plain
            meshed/meshed.dual-v4v6/undeclared/pod-ip-0/v4 = v4>v4 socket none+none plain
            meshed/meshed.dual-v4v6/undeclared/cluster-ip/v4 = fails refused timeout unreachable answered by a stranger
            meshed/meshed.single-v4/declared/name-aaaa/v6 = fails no-data
            naked/meshed.headless-dual/declared/pod-ip-0/v6 = v6>v6 socket none+none plain
            outside/meshed.dual-v6v4/declared/node-port-node-1/v4 = v4>v4 translated none+none plain
            outside/meshed.single-v6/declared/node-port-node-1/v4 = fails refused timeout unreachable answered by a stranger
            outside/meshed.single-v6/declared/cluster-ip/v6 = none
            ",
        );
    }
}

#[test]
fn a_datagram_has_no_second_try_over_the_other_family() {
    for bind in [Bind::V4Any, Bind::V6Only] {
        let (takes, refuses) = if bind == Bind::V4Any { ("v4", "v6") } else { ("v6", "v4") };
        let both = if bind == Bind::V4Any { "fails refused" } else { "v6>v6 socket none+none plain" };
        let rows = format!(
            "naked/naked.dual-v4v6/declared/cluster-ip/{takes} = {takes}>{takes} socket none+none plain
            naked/naked.dual-v4v6/declared/cluster-ip/{refuses} = fails refused
            meshed/meshed.dual-v4v6/declared/pod-ip-0/{refuses} = fails refused
            naked/naked.dual-v4v6/declared/name-both/any = {both}"
        );
        holds(&PERMISSIVE, bind, Protocol::Udp, &rows);
    }
}

#[test]
fn a_server_that_speaks_first_is_heard_by_mtls_and_past_no_waiting_sidecar() {
    for world in [&PERMISSIVE, &STRICT] {
        holds(
            world,
            Bind::DualAny,
            Protocol::TcpServerFirst,
            "
            meshed/meshed.dual-v4v6/declared/cluster-ip/v4 = v4>P sidecar service+port mtls
            meshed/meshed.dual-v4v6/declared/cluster-ip/v6 = v6>P sidecar service+port mtls
            meshed/meshed.headless-dual/declared/pod-ip-0/v6 = v6>v6 sidecar service+port mtls
            naked/meshed.dual-v4v6/declared/cluster-ip/v4 = fails timeout
            naked/meshed.dual-v4v6/declared/cluster-ip/v6 = fails timeout
            naked/meshed.dual-v4v6/declared/name-both/any = fails timeout
            outside/meshed.dual-v4v6/declared/node-port-node-1/v6 = fails timeout
            meshed/meshed.dual-v4v6/declared/pod-ip-0/v6 = fails closed reset timeout
            meshed/meshed.dual-v4v6/declared/node-port-node-1/v4 = fails closed reset timeout
            naked/naked.dual-v4v6/declared/cluster-ip/v6 = v6>v6 socket none+none plain
            outside/naked.dual-v4v6/declared/node-port-node-2/v6 = v6>v6 translated none+none plain
            meshed/naked.dual-v4v6/declared/cluster-ip/v6 = v6>P pod service+none plain
            meshed/naked.dual-v4v6/declared/pod-ip-0/v6 = v6>v6 pod pass+none plain
            ",
        );
    }
}

#[test]
fn who_speaks_first_changes_nothing_where_no_sidecar_must_guess() {
    for order in ORDERS {
        let [first, second] = [Protocol::TcpServerFirst, Protocol::Tcp]
            .map(|protocol| outcomes(order, &World::NO_MESH, Bind::DualAny, protocol));
        assert_eq!(first, second);
    }
}
