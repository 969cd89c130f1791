//! Calls of a client with a sidecar.

use dualproof_model::spec::EndpointShape;
use dualproof_model::truth::{Mtls, Outbound};
use dualproof_wire::{Bind, Protocol};

use super::spelled::holds;
use crate::calling::world::{PERMISSIVE, STRICT, mesh};

#[test]
fn a_meshed_client_reaches_podips_0_by_every_vip() {
    holds(&PERMISSIVE, Bind::DualAny, Protocol::Tcp, MESHED_TO_DUAL);
    // STRICT changes nothing for a client that speaks mTLS.
    let by_service: String =
        MESHED_TO_DUAL.lines().filter(|row| row.contains("mtls")).map(|row| format!("{row}\n")).collect();
    assert!(by_service.lines().count() > 9);
    holds(&STRICT, Bind::DualAny, Protocol::Tcp, &by_service);
}

const MESHED_TO_DUAL: &str = "
    meshed/meshed.dual-v6v4/declared/name-a/v4 = v4>P sidecar service+port mtls
    meshed/meshed.dual-v6v4/declared/name-aaaa/v6 = v6>P sidecar service+port mtls
    meshed/meshed.dual-v6v4/declared/name-both/any = v6>P sidecar service+port mtls
    meshed/meshed.dual-v6v4/declared/cluster-ip/v4 = v4>P sidecar service+port mtls
    meshed/meshed.dual-v6v4/declared/cluster-ip/v6 = v6>P sidecar service+port mtls
    meshed/meshed.dual-v4v6/second/cluster-ip/v4 = v4>P sidecar service+port mtls
    meshed/meshed.dual-v4v6/second/cluster-ip/v6 = v6>P sidecar service+port mtls
    meshed/meshed.prefer/declared/cluster-ip/v6 = v6>P sidecar service+port mtls
    meshed/meshed.single-v4/declared/cluster-ip/v4 = v4>v4 sidecar service+port mtls
    meshed/meshed.single-v6/declared/cluster-ip/v6 = v6>v6 sidecar service+port mtls
    meshed/meshed.single-v4/declared/name-both/any = v4>v4 sidecar service+port mtls
    meshed/meshed.headless-dual/declared/name-a/v4 = v4>v4 sidecar service+port mtls
    meshed/meshed.headless-dual/declared/name-both/any = v6>v6 sidecar service+port mtls
    meshed/meshed.headless-dual/declared/pod-ip-0/v6 = v6>v6 sidecar service+port mtls
    meshed/meshed.single-v4/declared/cluster-ip/v6 = none
    meshed/meshed.single-v4/declared/name-aaaa/v6 = fails no-data
    meshed/meshed.single-v6/declared/name-a/v4 = fails no-data
    meshed/meshed.headless-single/declared/name-aaaa/v6 = fails no-data
    meshed/meshed.headless-single/declared/cluster-ip/v4 = none
    meshed/meshed.dual-v6v4/declared/pod-ip-1/v4 = v4>v4 sidecar pass+port plain
    meshed/meshed.dual-v6v4/declared/pod-ip-1/v6 = v6>v6 sidecar pass+port plain
    meshed/meshed.single-v4/declared/pod-ip-0/v6 = v6>v6 sidecar pass+port plain
    meshed/meshed.headless-single/declared/pod-ip-0/v6 = v6>v6 sidecar pass+port plain
    meshed/meshed.dual-v6v4/undeclared/pod-ip-0/v6 = v6>v6 sidecar pass+pass plain
    meshed/meshed.headless-dual/undeclared/name-aaaa/v6 = v6>v6 sidecar pass+pass plain
    meshed/meshed.dual-v6v4/undeclared/cluster-ip/v4 = fails closed reset timeout answered by a stranger
    meshed/meshed.dual-v6v4/undeclared/name-both/any = fails closed reset timeout answered by a stranger
    meshed/meshed.dual-v6v4/undeclared/node-port-node-1/v4 = none
    meshed/meshed.dual-v6v4/declared/node-port-node-1/v6 = v6>v6 sidecar pass+port plain
    meshed/meshed.single-v4/declared/node-port-node-1/v6 = fails closed reset timeout answered by a stranger
";

#[test]
fn a_meshed_client_of_a_naked_server_speaks_plaintext() {
    for world in [PERMISSIVE, STRICT] {
        holds(
            &world,
            Bind::DualAny,
            Protocol::Tcp,
            "
            meshed/naked.dual-v6v4/declared/cluster-ip/v4 = v4>P pod service+none plain
            meshed/naked.dual-v6v4/declared/cluster-ip/v6 = v6>P pod service+none plain
            meshed/naked.single-v6/declared/cluster-ip/v6 = v6>v6 pod service+none plain
            meshed/naked.headless-dual/declared/name-aaaa/v6 = v6>v6 pod service+none plain
            meshed/naked.dual-v6v4/declared/pod-ip-0/v4 = v4>v4 pod pass+none plain
            meshed/naked.dual-v6v4/declared/node-port-node-1/v4 = v4>v4 translated pass+none plain
            ",
        );
    }
}

#[test]
fn http_failures_may_be_the_proxys_own_words() {
    holds(
        &mesh(EndpointShape::Merged, Mtls::Permissive, Outbound::RegistryOnly),
        Bind::DualAny,
        Protocol::Http1,
        "
        meshed/meshed.dual-v6v4/declared/pod-ip-0/v4 = fails closed reset answered by a stranger
        meshed/meshed.dual-v6v4/declared/pod-ip-0/v6 = fails closed reset answered by a stranger
        meshed/naked.dual-v6v4/declared/node-port-node-1/v6 = fails closed reset answered by a stranger
        meshed/meshed.dual-v6v4/declared/cluster-ip/v6 = v6>P sidecar service+port mtls
        naked/meshed.dual-v6v4/declared/pod-ip-0/v6 = v6>v6 sidecar none+port plain
        ",
    );
}

#[test]
fn with_split_endpoints_either_address_may_be_picked() {
    let split = mesh(EndpointShape::Split, Mtls::Permissive, Outbound::AllowAny);
    holds(
        &split,
        Bind::DualAny,
        Protocol::Tcp,
        "
        meshed/meshed.dual-v6v4/declared/cluster-ip/v4 = v4>v4|v6 sidecar service+port mtls
        meshed/meshed.single-v4/declared/cluster-ip/v4 = v4>v4 sidecar service+port mtls
        ",
    );
    holds(&split, Bind::V4Any, Protocol::Tcp, "meshed/meshed.dual-v6v4/declared/cluster-ip/v4 = unstated");
}
