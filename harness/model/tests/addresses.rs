//! Addresses, whatever they look like: brackets exactly once, round trips, and nothing panics.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use dualproof_model::family::{
    AddressError, AddressSet, Host, HostPort, IpFamily, canonical, listener_name, parse_ip, split_listener_name,
};
use proptest::prelude::*;

fn any_ip() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
        any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))),
        any::<u32>().prop_map(|bits| IpAddr::V6(Ipv4Addr::from_bits(bits).to_ipv6_mapped())),
        any::<u8>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits.into()))),
    ]
}

proptest! {
    #[test]
    fn an_address_survives_its_text(address in any_ip(), bracketed: bool, upper: bool) {
        let mut text = address.to_string();
        if bracketed && address.is_ipv6() {
            text = format!("[{text}]");
        }
        if upper {
            text = text.to_uppercase();
        }
        prop_assert_eq!(parse_ip(&text), Ok(canonical(address)));
    }

    #[test]
    fn host_and_port_survive_their_text_with_brackets_once(address in any_ip(), port: u16) {
        let joined = HostPort::ip(address, port);
        let text = joined.to_string();
        let brackets = usize::from(canonical(address).is_ipv6());
        prop_assert_eq!(text.matches('[').count(), brackets);
        prop_assert_eq!(text.matches(']').count(), brackets);
        prop_assert_eq!(text.parse::<HostPort>(), Ok(joined));
        // The standard library reads the same.
        let parsed: std::net::SocketAddr = text.parse().map_err(|_| TestCaseError::fail(text.clone()))?;
        prop_assert_eq!((parsed.ip(), parsed.port()), (canonical(address), port));
    }

    #[test]
    fn the_unbracketed_form_is_split_at_the_last_colon(address in any_ip(), port: u16) {
        let text = format!("{}:{port}", canonical(address));
        prop_assert_eq!(text.parse::<HostPort>(), Ok(HostPort::ip(address, port)));
    }

    #[test]
    fn a_listener_name_survives_and_has_no_brackets(address in any_ip(), port: u16) {
        let name = listener_name(canonical(address), port);
        prop_assert!(!name.contains(['[', ']']));
        prop_assert_eq!(split_listener_name(&name), Ok((canonical(address), port)));
    }

    #[test]
    fn a_zone_is_refused_by_its_name(bits: u128, zone in "[a-z0-9]{1,8}", port: u16) {
        let address = Ipv6Addr::from_bits(bits);
        for text in [format!("{address}%{zone}"), format!("[{address}%{zone}]")] {
            prop_assert_eq!(parse_ip(&text), Err(AddressError::Zone(text.clone())));
            let joined = format!("{text}:{port}").parse::<HostPort>();
            prop_assert!(matches!(joined, Err(AddressError::Zone(_))));
        }
    }

    #[test]
    fn no_text_panics_and_what_is_read_is_printed_alike(text in ".{0,60}") {
        if let Ok(address) = parse_ip(&text) {
            prop_assert_eq!(parse_ip(&address.to_string()), Ok(address));
            prop_assert_eq!(canonical(address), address);
        }
        if let Ok(read) = text.parse::<HostPort>() {
            prop_assert_eq!(read.to_string().parse::<HostPort>(), Ok(read));
        }
        if let Ok((address, port)) = split_listener_name(&text) {
            prop_assert_eq!(split_listener_name(&listener_name(address, port)), Ok((address, port)));
        }
    }

    #[test]
    fn near_misses_never_panic_and_never_become_names(text in "[0-9a-fA-F:.\\[\\]%_]{0,48}", port in "[0-9]{0,6}") {
        if let Ok(HostPort { host: Host::Name(name), .. }) = format!("{text}:{port}").parse::<HostPort>() {
            prop_assert!(!name.contains([':', '[', ']', '%']), "{}", name);
        }
        let _outcome = split_listener_name(&format!("{text}_{port}"));
    }

    #[test]
    fn sets_are_split_by_family_without_loss(addresses in proptest::collection::vec(any_ip(), 0..12)) {
        let set: AddressSet = addresses.iter().copied().collect();
        let [v4, v6] = IpFamily::BOTH.map(|family| set.of_family(family));
        prop_assert!(!v4.intersects(&v6));
        prop_assert_eq!(v4.len() + v6.len(), set.len());
        prop_assert!(addresses.iter().all(|address| set.contains(address)));
        prop_assert!(v4.iter().all(IpAddr::is_ipv4) && v6.iter().all(IpAddr::is_ipv6));
    }
}

#[test]
fn known_forms_are_read_as_they_are_meant() {
    let v6 = |text: &str, port: u16| -> Result<HostPort, AddressError> { Ok(HostPort::ip(parse_ip(text)?, port)) };
    assert_eq!("[::]:80".parse::<HostPort>(), v6("::", 80));
    assert_eq!("fd00::1:9000".parse::<HostPort>(), v6("fd00::1", 9000));
    assert_eq!("[FD00::A]:9000".parse::<HostPort>(), v6("fd00::a", 9000));
    assert_eq!("[::ffff:10.0.0.1]:80".parse::<HostPort>(), v6("10.0.0.1", 80));
    assert_eq!("fd00::10.0.0.34".parse::<IpAddr>().ok(), parse_ip("fd00::a00:22").ok());
    assert_eq!(split_listener_name("fd00::1_9000"), parse_ip("fd00::1").map(|address| (address, 9000)));
    assert_eq!(split_listener_name("::_80"), parse_ip("::").map(|address| (address, 80)));
    let name = "tcp-echo.dual-stack:9000".parse::<HostPort>().map(|read| read.host);
    assert_eq!(name, Ok(Host::Name("tcp-echo.dual-stack".to_owned())));
    assert_eq!(parse_ip("::FFFF:10.0.0.1"), parse_ip("10.0.0.1"));
}

#[test]
fn known_mistakes_are_refused() {
    for text in
        ["", "[", "]", "[]", "[10.0.0.1]", "[[::1]]", "::1]", "10.0.0.1/24", "10.0.0", "1.2.3.4.5", ":::", "g::1"]
    {
        assert!(matches!(parse_ip(text), Err(AddressError::NotAnAddress(_))), "{text}: {:?}", parse_ip(text));
    }
    for text in ["", ":", ":80", "host", "[::1]", "[[::1]]:80", "[10.0.0.1]:80", "a b:80", "::1]:80", "a/b:80"] {
        assert!(text.parse::<HostPort>().is_err(), "{text}: {:?}", text.parse::<HostPort>());
    }
    for text in ["[::1]:", "[::1]:65536", "[::1]:+80", "[::1]:-1", "10.0.0.1: 80", "host:http"] {
        assert!(matches!(text.parse::<HostPort>(), Err(AddressError::Port { .. })), "{text}");
    }
    for text in ["virtualInbound", "_80", "udp_0.0.0.0_8443", "10.0.0.1_", "10.0.0.1_70000", ""] {
        assert!(split_listener_name(text).is_err(), "{text}");
    }
}
