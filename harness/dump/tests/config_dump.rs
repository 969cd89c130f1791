//! Shapes of Envoy's `/config_dump`, one by one, and as a real Envoy 1.39 prints them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use dualproof_dump::{DumpError, envoy};
use dualproof_model::evidence::{Direction, Listener, Origin, Protocol};

const REJECTED: &[u8] = include_bytes!("data/rejected_listener.json");

/// Makes a dump of which only the section of listeners says anything.
fn with_listeners(section: &str) -> String {
    format!(
        r#"{{"configs":[{{"@type":"type.googleapis.com/envoy.admin.v3.ClustersConfigDump"}},
        {{"@type":"type.googleapis.com/envoy.admin.v3.EndpointsConfigDump"}},
        {{"@type":"type.googleapis.com/envoy.admin.v3.ListenersConfigDump",{section}}}]}}"#
    )
}

fn with_endpoint(endpoint: &str) -> String {
    format!(
        r#"{{"configs":[{{"@type":"a.ListenersConfigDump"}},{{"@type":"a.ClustersConfigDump"}},{{"@type":"a.EndpointsConfigDump",
        "dynamic_endpoint_configs":[{{"endpoint_config":{{"cluster_name":"outbound|9000||a.b.svc.cluster.local",
        "endpoints":[{{"lb_endpoints":[{{"endpoint":{endpoint}}}]}}]}}}}]}}]}}"#
    )
}

fn parse(section: &str) -> envoy::ConfigDump {
    envoy::config_dump(with_listeners(section).as_bytes(), "p").unwrap()
}

fn texts(listener: &Listener) -> Vec<String> {
    listener.addresses.iter().map(ToString::to_string).collect()
}

const A: &str = r#"{"socket_address":{"address":"10.96.0.7","port_value":80}}"#;
const B: &str = r#"{"socket_address":{"address":"fd00::7","port_value":80}}"#;

#[test]
fn a_real_rejected_listener_stands_twice_and_counts_once() {
    let dump = envoy::config_dump(REJECTED, "p").unwrap();
    let details = "listener fd00:10:96::24cd_9000: has different socket type. The listener only support same socket type for all the addresses.";
    let with_error: Vec<_> = dump.listeners.iter().filter(|listener| listener.error.is_some()).collect();
    assert_eq!(with_error.len(), 2, "{with_error:#?}");
    assert_eq!((with_error[0].name.as_str(), with_error[0].active), ("fd00:10:96::24cd_9000", true));
    assert_eq!(texts(with_error[0]), ["[fd00:10:96::24cd]:9000", "10.96.12.139:9000"]);
    assert_eq!((with_error[1].name.as_str(), with_error[1].active), ("", false));
    assert!(with_error.iter().all(|listener| listener.error.as_deref() == Some(details)));
    assert_eq!(dump.rejections.len(), 1);
    assert_eq!(dump.rejections[0].kind, "listener");
    assert_eq!(dump.rejections[0].name, "fd00:10:96::24cd_9000");
    assert_eq!(dump.rejections[0].details, details);
    assert!(dump.rejections[0].place.starts_with("p#/configs/"), "{}", dump.rejections[0].place);
    // The old configuration that drains beside it held `::24ce`, which serves nobody any more.
    assert!(!dump.listeners.iter().flat_map(texts).any(|text| text.contains("24ce")));
}

#[test]
fn states_of_a_listener() {
    let state = |name: &str, address: &str| format!(r#"{{"listener":{{"name":"{name}","address":{address}}}}}"#);
    let (old, new) = (state("l", A), state("l", B));
    // (entry, (active, first address) of each listener)
    let cases: [(String, &[(bool, &str)]); 5] = [
        (format!(r#"{{"name":"l","active_state":{old}}}"#), &[(true, "10.96.0.7:80")]),
        (format!(r#"{{"name":"l","warming_state":{new}}}"#), &[(false, "[fd00::7]:80")]),
        (
            format!(r#"{{"name":"l","active_state":{old},"warming_state":{new}}}"#),
            &[(true, "10.96.0.7:80"), (false, "[fd00::7]:80")],
        ),
        (format!(r#"{{"name":"l","active_state":{new},"draining_state":{old}}}"#), &[(true, "[fd00::7]:80")]),
        (format!(r#"{{"name":"l","draining_state":{old}}}"#), &[]),
    ];
    for (entry, expected) in cases {
        let dump = parse(&format!(r#""dynamic_listeners":[{entry}]"#));
        let seen: Vec<(bool, String)> =
            dump.listeners.iter().map(|listener| (listener.active, texts(listener)[0].clone())).collect();
        let expected: Vec<(bool, String)> =
            expected.iter().map(|(active, text)| (*active, (*text).to_owned())).collect();
        assert_eq!(seen, expected, "{entry}");
    }
}

#[test]
fn addresses_of_a_listener() {
    let mapped = r#"{"socket_address":{"address":"::ffff:10.96.0.7","port_value":80}}"#;
    let quic = r#"{"socket_address":{"protocol":"UDP","address":"::","port_value":"8443"}}"#;
    let pipe = r#"{"pipe":{"path":"/var/run/x.sock"}}"#;
    let internal = r#"{"envoy_internal_address":{"server_listener_name":"connect_originate"}}"#;
    let cases: [(&str, &[&str], &[&str]); 8] = [
        (A, &[B], &["10.96.0.7:80", "[fd00::7]:80"]),
        // Repeats stay: they are what Envoy refuses (istio/istio#46633).
        (A, &[A, B, B], &["10.96.0.7:80", "10.96.0.7:80", "[fd00::7]:80", "[fd00::7]:80"]),
        (B, &[A], &["[fd00::7]:80", "10.96.0.7:80"]),
        (mapped, &[], &["10.96.0.7:80"]),
        (quic, &[], &["[::]:8443"]),
        (pipe, &[A], &["10.96.0.7:80"]),
        (internal, &[], &[]),
        (A, &[internal], &["10.96.0.7:80"]),
    ];
    for (primary, additional, expected) in cases {
        let additional: Vec<String> = additional.iter().map(|one| format!(r#"{{"address":{one}}}"#)).collect();
        let dump = parse(&format!(
            r#""dynamic_listeners":[{{"active_state":{{"listener":{{"name":"l","address":{primary},"additional_addresses":[{}]}}}}}}]"#,
            additional.join(",")
        ));
        assert_eq!(texts(&dump.listeners[0]), expected, "{primary}");
        let udp = dump.listeners[0].addresses.iter().any(|address| address.protocol == Protocol::Udp);
        assert_eq!(udp, primary.contains("UDP"), "{primary}");
    }
}

#[test]
fn static_listeners_are_known_as_such_and_directions_are_read() {
    let dump = parse(
        r#""static_listeners":[{"listener":{"name":"s","address":{"socket_address":{"address":"0.0.0.0","port_value":15090}}}}],
        "dynamic_listeners":[{"active_state":{"listener":{"name":"virtualInbound","traffic_direction":"INBOUND"}}},
        {"active_state":{"listener":{"name":"virtualOutbound","traffic_direction":"OUTBOUND"}}}]"#,
    );
    let seen: Vec<_> = dump.listeners.iter().map(|listener| (listener.origin, listener.direction)).collect();
    assert_eq!(
        seen,
        [
            (Origin::Static, None),
            (Origin::Dynamic, Some(Direction::Inbound)),
            (Origin::Dynamic, Some(Direction::Outbound))
        ]
    );
    assert_eq!(dump.listeners[0].place, "p#/configs/2/static_listeners/0");
}

#[test]
fn addresses_of_an_endpoint() {
    let wrap = |address: &str| format!(r#"{{"address":{address}}}"#);
    let internal = r#"{"envoy_internal_address":{"endpoint_id":"x"}}"#;
    let cases: [(&str, Vec<&str>, &[&str]); 5] = [
        (A, vec![B], &["10.96.0.7:80", "[fd00::7]:80"]),
        // envoyproxy/envoy#35100: the dump repeats the primary.
        (A, vec![A, B], &["10.96.0.7:80", "[fd00::7]:80"]),
        (A, vec![A], &["10.96.0.7:80"]),
        // Without a primary nothing repeats it.
        (internal, vec![A], &["10.96.0.7:80"]),
        (internal, vec![], &[]),
    ];
    for (primary, additional, expected) in cases {
        let additional: Vec<String> = additional.into_iter().map(wrap).collect();
        let document =
            with_endpoint(&format!(r#"{{"address":{primary},"additional_addresses":[{}]}}"#, additional.join(",")));
        let dump = envoy::config_dump(document.as_bytes(), "p").unwrap();
        let seen: Vec<String> = dump.endpoints[0].endpoints[0].addresses.iter().map(ToString::to_string).collect();
        assert_eq!(seen, expected, "{document}");
        assert_eq!(dump.endpoints[0].endpoints[0].health, "UNKNOWN");
    }
}

#[test]
fn hosts_of_inbound_clusters_are_left_out() {
    let document = with_endpoint(&format!(r#"{{"address":{A}}}"#)).replace("outbound|9000||a.b.svc", "inbound|9000||");
    assert_eq!(envoy::config_dump(document.as_bytes(), "p").unwrap().endpoints, []);
}

#[test]
fn clusters_and_their_defaults() {
    let document = r#"{"configs":[{"@type":"a.ListenersConfigDump"},{"@type":"a.EndpointsConfigDump"},{"@type":"a.ClustersConfigDump",
        "static_clusters":[{"cluster":{"name":"agent"}}],
        "dynamic_active_clusters":[{"cluster":{"name":"inbound|80||","type":"ORIGINAL_DST","dns_lookup_family":"V4_ONLY",
          "upstream_bind_config":{"source_address":{"address":"127.0.0.6","port_value":0},
          "extra_source_addresses":[{"address":{"address":"::6","port_value":0}}]}}},
          {"cluster":{"name":"d","cluster_type":{"name":"envoy.clusters.dynamic_forward_proxy"}}}],
        "dynamic_warming_clusters":[{"cluster":{"name":"w","type":"EDS"}},{"error_state":{"details":"no","failed_configuration":{"name":"bad"}}}]}]}"#;
    let dump = envoy::config_dump(document.as_bytes(), "p").unwrap();
    let seen: Vec<_> = dump
        .clusters
        .iter()
        .map(|cluster| {
            (cluster.name.as_str(), cluster.kind.as_str(), cluster.dns_lookup_family.as_str(), cluster.active)
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("agent", "STATIC", "AUTO", true),
            ("inbound|80||", "ORIGINAL_DST", "V4_ONLY", true),
            ("d", "envoy.clusters.dynamic_forward_proxy", "AUTO", true),
            ("w", "EDS", "AUTO", false)
        ]
    );
    let sources: Vec<String> = dump.clusters[1].bind_sources.iter().map(ToString::to_string).collect();
    assert_eq!(sources, ["127.0.0.6", "::6"]);
    assert_eq!((dump.rejections[0].kind.as_str(), dump.rejections[0].name.as_str()), ("cluster", "bad"));
}

#[test]
fn a_refused_route_is_a_rejection() {
    let document = with_listeners(r#""static_listeners":[]"#).replace(
        r#""configs":["#,
        r#""configs":[{"@type":"a.RoutesConfigDump","dynamic_route_configs":[{"error_state":{"details":"no","failed_configuration":{"name":"80"}}}]},"#,
    );
    let dump = envoy::config_dump(document.as_bytes(), "p").unwrap();
    assert_eq!((dump.rejections[0].kind.as_str(), dump.rejections[0].name.as_str()), ("route", "80"));
    assert_eq!(dump.rejections[0].place, "p#/configs/0/dynamic_route_configs/0");
}

#[test]
fn wrong_values_name_their_field() {
    let listener = |address: &str| {
        with_listeners(&format!(
            r#""dynamic_listeners":[{{"active_state":{{"listener":{{"address":{A},"additional_addresses":[{{"address":{address}}}]}}}}}}]"#
        ))
    };
    let field = "configs[2].dynamic_listeners[0].active_state.listener.additional_addresses[0].address";
    for (address, tail) in [
        (r#"{"socket_address":{"address":"fe80::1%eth0","port_value":80}}"#, "socket_address.address"),
        (r#"{"socket_address":{"address":"localhost","port_value":80}}"#, "socket_address.address"),
        (r#"{"socket_address":{"address":"::1","port_value":65536}}"#, "socket_address.port_value"),
        (r#"{"socket_address":{"address":"::1"}}"#, "socket_address.port_value"),
        (r#"{"socket_address":{"protocol":"SCTP","address":"::1","port_value":1}}"#, "socket_address.protocol"),
    ] {
        let error = envoy::config_dump(listener(address).as_bytes(), "proxies/a/b/config_dump.json").unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&format!("{field}.{tail}")), "{text}");
        assert!(text.starts_with("proxies/a/b/config_dump.json "), "{text}");
    }
}

#[test]
fn a_dump_without_a_section_is_an_error() {
    for section in ["ListenersConfigDump", "ClustersConfigDump", "EndpointsConfigDump"] {
        let all = with_listeners(r#""static_listeners":[]"#);
        assert!(envoy::config_dump(all.as_bytes(), "p").is_ok());
        let error = envoy::config_dump(all.replace(section, "OtherConfigDump").as_bytes(), "p").unwrap_err();
        assert!(matches!(&error, DumpError::Absent { field, .. } if field == section), "{error}");
        assert!(error.hint().contains("include_eds"), "{}", error.hint());
    }
    let error = envoy::config_dump(br#"{"configs":[]}"#, "p").unwrap_err();
    assert!(matches!(error, DumpError::Absent { .. }), "{error}");
}

#[test]
fn envoys_own_error_with_status_200_is_told() {
    let body = b"Failed to convert protobuf message to JSON string: INVALID_ARGUMENT: could not find @type 'istio.envoy.config'";
    for error in [envoy::config_dump(body, "p").unwrap_err(), envoy::redact(body, "p").unwrap_err()] {
        assert!(
            matches!(&error, DumpError::Envoy { message, .. } if message.contains("could not find @type")),
            "{error}"
        );
    }
}

#[test]
fn a_wrong_type_names_line_and_column() {
    let error = envoy::config_dump(b"{\"configs\":[\n{\"@type\":7}]}", "p").unwrap_err();
    assert!(matches!(error, DumpError::Json { line: 2, column: 10, .. }), "{error:?}");
    assert!(!error.to_string().contains("at line"), "{error}");
}
