//! What the server is bound to.

use dualproof_model::family::IpFamily;
use dualproof_model::truth::{Expected, expected_call};
use dualproof_wire::{Bind, Protocol};

use super::spelled::outcomes;
use crate::calling::world::{ORDERS, PERMISSIVE, cells, ip, objects, roster};

#[test]
fn an_application_of_one_family_fails_behind_a_sidecar_and_falls_back_without() {
    for (bind, own, other) in [(Bind::V4Any, "v4", "v6"), (Bind::V6Only, "v6", "v4")] {
        for order in ORDERS {
            let seen = outcomes(order, &PERMISSIVE, bind, Protocol::Tcp);
            let of = |id: &str| seen.get(id).cloned().unwrap_or_else(|| panic!("{id}"));
            let primary = if order.primary() == IpFamily::IPv4 { "v4" } else { "v6" };
            for family in ["v4", "v6"] {
                let expected = if primary == own {
                    format!("{family}>{own} sidecar service+port mtls")
                } else {
                    "fails closed reset".to_owned()
                };
                assert_eq!(of(&format!("meshed/meshed.dual-v6v4/declared/cluster-ip/{family}")), expected, "{order}");
                let fallen_back = format!("{family}>{own} pod service+none plain");
                assert_eq!(of(&format!("meshed/naked.dual-v6v4/declared/cluster-ip/{family}")), fallen_back, "{order}");
            }
            let fails = |id: &str, how: &str| assert_eq!(of(&id.replace("OTHER", other)), how, "{order}");
            fails("meshed/meshed.dual-v6v4/declared/pod-ip-0/OTHER", "fails closed reset");
            fails("naked/meshed.dual-v6v4/declared/cluster-ip/OTHER", "fails closed reset");
            fails("naked/naked.dual-v6v4/declared/cluster-ip/OTHER", "fails refused");
            fails("meshed/naked.single-OTHER/declared/cluster-ip/OTHER", "fails closed reset");
            fails(
                "meshed/meshed.headless-dual/declared/name-both/any",
                if own == "v6" { "v6>v6 sidecar service+port mtls" } else { "fails closed reset" },
            );
            // A naked client of a naked server tries IPv6, is refused, and is answered over IPv4.
            let by_name = format!("{own}>{own} socket none+none plain");
            assert_eq!(of("naked/naked.dual-v6v4/declared/name-both/any"), by_name, "{order}");
        }
    }
}

#[test]
fn an_application_on_loopback_is_reached_by_nobody() {
    for address in ["127.0.0.1", "::1"] {
        let bind = Bind::Address(ip(address));
        for (id, outcome) in outcomes(ORDERS[0], &PERMISSIVE, bind, Protocol::Tcp) {
            assert!(outcome.starts_with("fails") || outcome == "none", "{id}: {outcome}");
        }
    }
}

#[test]
fn an_application_on_a_literal_pod_ip_is_reached_at_that_pod_alone() {
    let objects = objects(ORDERS[0]);
    let bind = Bind::Address(ip("fd00:10:244::14"));
    let mut answered = 0;
    for cell in cells(&roster(bind, Protocol::Tcp, true), &objects) {
        match expected_call(&cell, &PERMISSIVE) {
            Expected::Answer(answering) => {
                answered += 1;
                assert_eq!(cell.servers.len(), 1, "{}", cell.id);
                assert_eq!(answering.arrival, [IpFamily::IPv6].into(), "{}", cell.id);
            }
            Expected::Unstated(_) => assert!(cell.servers.len() > 1, "{}", cell.id),
            _ => {}
        }
    }
    assert!(answered > 0);
}
