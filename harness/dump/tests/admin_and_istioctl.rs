//! The rest of Envoy's admin API, what istioctl prints, foreign input, and redaction.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use dualproof_dump::{DumpError, envoy};
use dualproof_model::evidence::{Direction, Listener};

const REJECTED: &[u8] = include_bytes!("data/rejected_listener.json");
const A: &str = r#"{"socket_address":{"address":"10.96.0.7","port_value":80}}"#;
const B: &str = r#"{"socket_address":{"address":"fd00::7","port_value":80}}"#;

fn texts(listener: &Listener) -> Vec<String> {
    listener.addresses.iter().map(ToString::to_string).collect()
}

#[test]
fn foreign_input_is_an_error_that_says_what_it_is() {
    type Parser = fn(&[u8]) -> Option<DumpError>;
    let parsers: [(&str, Parser); 9] = [
        ("config_dump", |bytes| envoy::config_dump(bytes, "p").err()),
        ("redact", |bytes| envoy::redact(bytes, "p").err()),
        ("listeners", |bytes| envoy::listeners(bytes, "p").err()),
        ("clusters", |bytes| envoy::clusters(bytes, "p").err()),
        ("server_info", |bytes| envoy::server_info(bytes, "p").err()),
        ("istioctl_listeners", |bytes| envoy::istioctl_listeners(bytes, "p").err()),
        ("istioctl_clusters", |bytes| envoy::istioctl_clusters(bytes, "p").err()),
        ("istioctl_endpoints", |bytes| envoy::istioctl_endpoints(bytes, "p").err()),
        ("istioctl_eds", |bytes| envoy::istioctl_eds(bytes, "p").err()),
    ];
    for (name, parser) in parsers {
        for (input, words) in [
            ("", "is empty"),
            (" \n", "is empty"),
            ("<!DOCTYPE html><html></html>", "an HTML or XML page"),
            (r#"{"kind":"Pod","apiVersion":"v1","metadata":{}}"#, "a Kubernetes object of kind `Pod`"),
            (r#"{"kind":7,"a":1}"#, "another JSON object, with the keys `kind`, `a`"),
            ("{}", "an empty JSON object"),
            ("invalid path. admin commands are:\n  /: Admin home page", "text that begins `invalid path."),
            ("null", "text that begins `null`"),
        ] {
            let error = parser(input.as_bytes()).unwrap_or_else(|| panic!("{name} took {input:?}"));
            let text = error.to_string();
            assert!(text.contains(words) && text.starts_with("p "), "{name} of {input:?}: {text}");
            assert!(!error.hint().is_empty());
        }
    }
}

#[test]
fn an_array_of_another_message_is_foreign_to_istioctls_parsers() {
    let listeners = include_bytes!("data/istioctl_listeners.json");
    let clusters = include_bytes!("data/istioctl_clusters.json");
    let eds = include_bytes!("data/istioctl_eds.json");
    assert!(envoy::istioctl_listeners(clusters, "p").is_err());
    assert!(envoy::istioctl_listeners(eds, "p").is_err());
    assert!(envoy::istioctl_clusters(listeners, "p").is_err());
    assert!(envoy::istioctl_endpoints(listeners, "p").is_err());
    assert!(envoy::istioctl_eds(clusters, "p").is_err());
    assert!(envoy::config_dump(listeners, "p").unwrap_err().to_string().contains("a JSON array"));
}

#[test]
fn what_istioctl_prints_is_read() {
    let listeners = envoy::istioctl_listeners(include_bytes!("data/istioctl_listeners.json"), "p").unwrap();
    let dual = listeners.iter().find(|listener| listener.name == "fd00:10:96::c066_9000").unwrap();
    assert_eq!(texts(dual), ["[fd00:10:96::c066]:9000", "10.96.99.33:9000"]);
    assert_eq!(dual.direction, Some(Direction::Outbound));
    let clusters = envoy::istioctl_clusters(include_bytes!("data/istioctl_clusters.json"), "p").unwrap();
    let inbound = clusters.iter().find(|cluster| cluster.name == "InboundPassthroughCluster").unwrap();
    let sources: Vec<String> = inbound.bind_sources.iter().map(ToString::to_string).collect();
    assert_eq!(sources, ["127.0.0.6", "::6"]);
    let hosts = envoy::istioctl_endpoints(include_bytes!("data/istioctl_endpoints.json"), "p").unwrap();
    let host = hosts.iter().find(|host| host.cluster.starts_with("outbound|9000||tcp-echo.dual-stack")).unwrap();
    assert_eq!((host.address.to_string().as_str(), host.requests), ("10.244.0.8:9000", 1));
    let eds = envoy::istioctl_eds(include_bytes!("data/istioctl_eds.json"), "p").unwrap();
    let dual = eds.iter().find(|one| one.cluster.starts_with("outbound|9000||tcp-echo.dual-stack")).unwrap();
    assert_eq!(dual.endpoints[0].ips().to_string(), "{10.244.0.8, fd00:10:244::8}");
    assert_eq!(dual.endpoints[0].health, "HEALTHY");
    assert_eq!(envoy::istioctl_listeners(b"[]", "p").unwrap(), []);
}

#[test]
fn counters_may_be_strings_numbers_or_absent() {
    let document = format!(
        r#"{{"cluster_statuses":[{{"name":"c","host_statuses":[
        {{"address":{A},"stats":[{{"name":"cx_total","value":"18446744073709551615"}},{{"name":"rq_total","value":7}}]}},
        {{"address":{{"pipe":{{"path":"x"}}}},"stats":[]}},
        {{"address":{B},"stats":[{{"name":"cx_total"}}]}}]}}]}}"#
    );
    let hosts = envoy::clusters(document.as_bytes(), "p").unwrap();
    let seen: Vec<_> = hosts.iter().map(|host| (host.address.to_string(), host.connections, host.requests)).collect();
    assert_eq!(seen, [("10.96.0.7:80".to_owned(), u64::MAX, 7), ("[fd00::7]:80".to_owned(), 0, 0)]);
    assert_eq!(hosts[1].place, "p#/cluster_statuses/0/host_statuses/2");
    for wrong in [r#""-1""#, "-1", "1.5", r#""x""#, "18446744073709551616"] {
        assert!(
            envoy::clusters(document.replace(r#""value":7"#, &format!(r#""value":{wrong}"#)).as_bytes(), "p").is_err()
        );
    }
}

#[test]
fn server_info_says_who_the_proxy_is() {
    let info = envoy::server_info(
        br#"{"version":"x/1.39.3/Clean","node":{"metadata":{"ISTIO_VERSION":"1.31.0","INSTANCE_IPS":"fd00::5,::ffff:10.0.0.5"}}}"#,
        "p",
    )
    .unwrap();
    let ips: Vec<String> = info.instance_ips.iter().map(ToString::to_string).collect();
    assert_eq!(
        (info.mesh.as_str(), info.state.as_str(), ips),
        ("1.31.0", "LIVE", vec!["fd00::5".to_owned(), "10.0.0.5".to_owned()])
    );
    let error = envoy::server_info(br#"{"version":"x","node":{"metadata":{"INSTANCE_IPS":"a,b"}}}"#, "p").unwrap_err();
    assert!(error.to_string().contains("node.metadata.INSTANCE_IPS"), "{error}");
}

#[test]
fn stats_are_counters_and_gauges() {
    let text = "a.version_text: \"x: 5\"\nlistener_manager.lds.update_rejected: 3\ncluster.outbound|80||a.b.upstream_cx_total: 18446744073709551615\n\
        h: P0(nan,0) P25(nan,1.5)\nnone: No recorded values\n\n";
    let stats = envoy::stats(text.as_bytes(), "p").unwrap();
    let seen: Vec<_> = stats.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert_eq!(
        seen,
        [("cluster.outbound|80||a.b.upstream_cx_total", u64::MAX), ("listener_manager.lds.update_rejected", 3)]
    );
    for (text, words) in [
        ("", "is empty"),
        ("a: 1\nb: 2", "breaks off at line 2 column 5, after 9 bytes"),
        ("a: 1\nwhat is this\n", "line 2: `what is this` is not"),
        ("a: -1\n", "line 1: `a: -1`"),
        ("{\"stats\":[]}", "another JSON object"),
        ("<html>\n", "an HTML or XML page"),
    ] {
        let error = envoy::stats(text.as_bytes(), "p").unwrap_err().to_string();
        assert!(error.contains(words), "{text:?}: {error}");
    }
}

#[test]
fn redaction_takes_the_section_and_nothing_else() {
    let clean = envoy::redact(REJECTED, "p").unwrap();
    let text = String::from_utf8(clean.clone()).unwrap();
    assert!(!text.contains("SecretsConfigDump") && !text.contains("inline_bytes"));
    assert!(String::from_utf8_lossy(REJECTED).contains("SecretsConfigDump"));
    assert_eq!(envoy::config_dump(&clean, "p").unwrap(), envoy::config_dump(REJECTED, "p").unwrap());
    assert_eq!(envoy::redact(&clean, "p").unwrap(), clean);
}

#[test]
fn redaction_by_form_and_position() {
    let secrets = r#"{"@type":"a.SecretsConfigDump","x":[1,"\"}"]}"#;
    for (input, expected) in [
        (format!(r#"{{"configs":[{secrets}]}}"#), r#"{"configs":[]}"#),
        (format!(r#"{{"configs":[ {secrets} , {{"@type":"b"}} ]}}"#), r#"{"configs":[ {"@type":"b"} ]}"#),
        (format!(r#"{{"configs":[{{"@type":"b"}}, {secrets} ,{secrets}]}}"#), r#"{"configs":[{"@type":"b"}]}"#),
        (
            format!(r#"{{"configs":[{{"@type":"b"}},{secrets}, {{"@type":"c"}}],"z":1}}"#),
            r#"{"configs":[{"@type":"b"}, {"@type":"c"}],"z":1}"#,
        ),
        (
            r#"{"configs":[{"a":{"private_key" : {"inline_string":"k","n":[1,"k"]},"b":"stays"},"password":"p","c":"stays"}]}"#.to_owned(),
            r#"{"configs":[{"a":{"private_key" : {"inline_string":"[redacted]","n":[1,"[redacted]"]},"b":"stays"},"password":"[redacted]","c":"stays"}]}"#,
        ),
        (r#"{"configs":[{"privateKey":{"inlineBytes":"k"}}]}"#.to_owned(), r#"{"configs":[{"privateKey":{"inlineBytes":"[redacted]"}}]}"#),
        (
            r#"{"configs":[{"a":["LS0tLS1CRUdJTiBFQyBQUklW","LS0tLS1CRUdJTiBDRVJUSUZJ"]}]}"#.to_owned(),
            r#"{"configs":[{"a":["[redacted]","LS0tLS1CRUdJTiBDRVJUSUZJ"]}]}"#,
        ),
        (
            format!(r#"{{"configs":[{{"a":"x -----BEGIN RSA PRIVATE KEY-----\n{}"}}]}}"#, "M".repeat(64)),
            r#"{"configs":[{"a":"[redacted]"}]}"#,
        ),
        (format!(r#"{{"configs":[{{"a":"eyJhbGciOiJSUzI1NiJ9.{}.sig"}}]}}"#, "e".repeat(64)), r#"{"configs":[{"a":"[redacted]"}]}"#),
        (r#"{"configs":[{"typed_config":{"sds_config":{"name":"default"}}}]}"#.to_owned(), r#"{"configs":[{"typed_config":{"sds_config":{"name":"default"}}}]}"#),
    ] {
        let clean = String::from_utf8(envoy::redact(input.as_bytes(), "p").unwrap()).unwrap();
        assert_eq!(clean, expected, "{input}");
    }
}
