//! A proxy's log into lines.

use dualproof_model::evidence::{
    ACCESS_LOG_MARK, AccessLogError, AccessLogLine, Direction, Testimony, access_log_format,
};
use dualproof_model::spec::{EndpointShape, InfraShape, PassthroughShape, Shapes};
use dualproof_model::truth::World;
use dualproof_wire::{Bind, Protocol};

use super::trail::{Line, Ports, trail};
use super::world::{ORDERS, PERMISSIVE, cells, objects, pod_ref, roster};

fn parse(text: &str) -> Result<Option<AccessLogLine>, AccessLogError> {
    AccessLogLine::parse(&pod_ref("clients", "meshed"), text, "proxies/clients/meshed/access.log#L7")
}

fn line() -> Line {
    let socket = |text: &str| text.parse().unwrap_or_else(|error| panic!("{error}"));
    Line::new(
        7,
        (socket("[fd00:10:244::a]:41000"), socket("[fd00:10:96::15]:9000")),
        (socket("10.244.0.10:42000"), socket("10.244.0.20:9000"), socket("10.244.0.20:9000")),
        "outbound|9000||dual-v6v4.meshed.svc.cluster.local;",
    )
}

#[test]
fn every_field_is_read() -> Result<(), Box<dyn std::error::Error>> {
    let mut line = line();
    for (key, value) in [
        ("BYTES_RECEIVED", "12"),
        ("BYTES_SENT", "34"),
        ("CONNECTION_TERMINATION_DETAILS", "gone"),
        ("DOWNSTREAM_PEER_URI_SAN", "spiffe://a"),
        ("DOWNSTREAM_TLS_VERSION", "TLSv1.3"),
        ("FILTER_CHAIN_NAME", "0.0.0.0_9000"),
        ("PROTOCOL", "HTTP/1.1"),
        ("REQUESTED_SERVER_NAME", "outbound_.9000_._.x"),
        ("REQUEST_ID", "b"),
        ("RESPONSE_CODE", "503"),
        ("RESPONSE_CODE_DETAILS", "upstream_reset"),
        ("RESPONSE_FLAGS", "UF,URX"),
        ("ROUTE_NAME", "default"),
        ("UPSTREAM_PEER_URI_SAN", "spiffe://c"),
        ("UPSTREAM_TLS_VERSION", "TLSv1.2"),
        ("UPSTREAM_TRANSPORT_FAILURE_REASON", "TLS_error"),
    ] {
        line.set(key, value);
    }
    let read = parse(&line.text())?.ok_or("no line")?;
    let expected = AccessLogLine {
        pod: pod_ref("clients", "meshed"),
        place: "proxies/clients/meshed/access.log#L7".to_owned(),
        start: "2026-09-01T12:00:07.000123Z".parse()?,
        duration_millis: Some(3),
        connection: Some(7),
        request: Some("b".to_owned()),
        downstream_remote: Some("[fd00:10:244::a]:41000".parse()?),
        downstream_direct_remote: Some("[fd00:10:244::a]:41000".parse()?),
        downstream_local: Some("[fd00:10:96::15]:9000".parse()?),
        upstream_local: Some("10.244.0.10:42000".parse()?),
        upstream_host: Some("10.244.0.20:9000".parse()?),
        upstream_remote: Some("10.244.0.20:9000".parse()?),
        cluster: Some("outbound|9000||dual-v6v4.meshed.svc.cluster.local".to_owned()),
        filter_chain: Some("0.0.0.0_9000".to_owned()),
        route: Some("default".to_owned()),
        server_name: Some("outbound_.9000_._.x".to_owned()),
        protocol: Some("HTTP/1.1".to_owned()),
        response_code: Some(503),
        response_details: Some("upstream_reset".to_owned()),
        flags: vec!["UF".to_owned(), "URX".to_owned()],
        termination: Some("gone".to_owned()),
        transport_failure: Some("TLS_error".to_owned()),
        bytes_received: Some(12),
        bytes_sent: Some(34),
        downstream_peer: Some("spiffe://a".to_owned()),
        upstream_peer: Some("spiffe://c".to_owned()),
        downstream_tls: Some("TLSv1.3".to_owned()),
        upstream_tls: Some("TLSv1.2".to_owned()),
        mapped: Vec::new(),
    };
    assert_eq!(read, expected);
    Ok(())
}

#[test]
fn every_key_of_the_format_is_filled_by_an_operator_and_read() -> Result<(), Box<dyn std::error::Error>> {
    let format = access_log_format();
    for (key, operator) in &format {
        let is_operator = operator.starts_with('%') && operator.ends_with('%');
        assert!(is_operator || (*key, *operator) == ACCESS_LOG_MARK, "{key}: {operator}");
    }
    // A key that the parser does not look at changes nothing when its value does.
    let plain = parse(&line().text())?;
    for key in format.keys() {
        let mut line = line();
        line.set(key, if key.ends_with("ADDRESS") || *key == "UPSTREAM_HOST" { "10.9.9.9:9" } else { "9" });
        assert_ne!(parse(&line.text()).ok(), Some(plain.clone()), "{key} is configured and not read");
    }
    Ok(())
}

#[test]
fn what_is_not_ours_is_left_alone() {
    for text in [
        "",
        "2026-09-01T12:00:00.000000Z\tinfo\tReadiness succeeded in 1.2s",
        "[2026-09-01T12:00:00.000Z] \"- - -\" 0 - - - \"-\" 12 34",
        "{\"level\":\"info\",\"msg\":\"hello\"}",
        "{\"ACCESS_LOG\":\"dualproof/0\"}",
    ] {
        assert_eq!(parse(text), Ok(None), "{text}");
    }
}

#[test]
fn a_line_that_was_cut_is_an_error_wherever_it_was() {
    let text = line().text();
    for end in 1..text.len() {
        assert!(matches!(parse(&text[..end]), Err(AccessLogError::Cut { .. })), "{}", &text[..end]);
    }
}

#[test]
fn values_of_another_kind_are_errors_with_place_and_key() {
    for (key, value) in [
        ("START_TIME", "yesterday"),
        ("START_TIME", "-"),
        ("DURATION", "long"),
        ("UPSTREAM_HOST", "example.org:80"),
        ("UPSTREAM_LOCAL_ADDRESS", "10.0.0.1"),
        ("DOWNSTREAM_LOCAL_ADDRESS", "fe80::1%eth0:80"),
    ] {
        let mut line = line();
        line.set(key, value);
        let error = parse(&line.text()).err().unwrap_or_else(|| panic!("{key} {value}"));
        assert!(error.to_string().starts_with("proxies/clients/meshed/access.log#L7 has "), "{error}");
        assert!(error.to_string().contains(key) && error.hint().contains(key), "{error}");
    }
}

#[test]
fn what_envoy_does_not_know_is_none() -> Result<(), Box<dyn std::error::Error>> {
    let mut line = line();
    line.set("UPSTREAM_HOST", "-");
    line.set("UPSTREAM_REMOTE_ADDRESS", "envoy://connect_originate/10.0.0.1:80");
    line.set("UPSTREAM_LOCAL_ADDRESS", "/var/run/x.sock");
    line.set("UPSTREAM_CLUSTER", "");
    line.set("RESPONSE_CODE", "0");
    let read = parse(&line.text())?.ok_or("no line")?;
    assert_eq!((read.upstream(), read.upstream_local, read.response_code), (None, None, None));
    assert_eq!((read.cluster.as_deref(), read.direction()), (None, None));
    Ok(())
}

#[test]
fn a_mapped_address_is_read_as_ipv4_and_remembered() -> Result<(), Box<dyn std::error::Error>> {
    let mut line = line();
    line.set("DOWNSTREAM_REMOTE_ADDRESS", "[::ffff:10.244.0.10]:41000");
    line.set("UPSTREAM_HOST", "[fd00::ffff:1]:80");
    let read = parse(&line.text())?.ok_or("no line")?;
    assert_eq!(read.downstream_remote, Some("10.244.0.10:41000".parse()?));
    assert_eq!(read.mapped, ["DOWNSTREAM_REMOTE_ADDRESS"]);
    Ok(())
}

#[test]
fn clusters_tell_direction_passthrough_and_black_hole() -> Result<(), Box<dyn std::error::Error>> {
    use Direction::{Inbound, Outbound};
    for (cluster, direction, passthrough, black_hole) in [
        ("outbound|9000||x.y.svc.cluster.local;", Some(Outbound), false, false),
        ("inbound|9000||;", Some(Inbound), false, false),
        ("PassthroughCluster", Some(Outbound), true, false),
        ("InboundPassthroughCluster", Some(Inbound), true, false),
        ("InboundPassthroughClusterIpv6", Some(Inbound), true, false),
        ("BlackHoleCluster", Some(Outbound), false, true),
        ("prometheus_stats", None, false, false),
    ] {
        let mut line = line();
        line.set("UPSTREAM_CLUSTER", cluster);
        let read = parse(&line.text())?.ok_or("no line")?;
        let seen = (read.direction(), read.is_passthrough(), read.is_black_hole());
        assert_eq!(seen, (direction, passthrough, black_hole), "{cluster}");
    }
    let mut line = line();
    line.set("UPSTREAM_CLUSTER", "-");
    line.set("ROUTE_NAME", "block_all");
    assert!(parse(&line.text())?.is_some_and(|line| line.is_black_hole()));
    Ok(())
}

#[test]
fn a_testimony_is_one_line_of_json_and_comes_back() -> Result<(), Box<dyn std::error::Error>> {
    let objects = objects(ORDERS[1]);
    let merged = Shapes {
        endpoints: EndpointShape::Merged,
        infra_listeners: InfraShape::BothFamilies,
        inbound_passthrough: PassthroughShape::Single,
    };
    let world = World::meshed(&merged);
    assert_eq!(world, PERMISSIVE);
    let cells = cells(&roster(Bind::DualAny, Protocol::Tcp, true), &objects);
    let trails =
        cells.iter().enumerate().filter_map(|(number, cell)| trail(cell, &world, &objects, number, Ports::of(1)));
    let mut told = 0;
    for trail in trails {
        let text = serde_json::to_string(&trail.testimony)?;
        assert!(!text.contains('\n'));
        assert_eq!(serde_json::from_str::<Testimony>(&text)?, trail.testimony);
        told += 1;
    }
    assert!(told > 0);
    let lost = r#"{"cell":"c","stage":"mesh","from":"2026-09-01T12:00:00Z","until":"2026-09-01T12:00:01Z","ask":{"id":"1","token":"t",
        "to":{"address":"10.0.0.1:80"},"protocol":"tcp","deadlineMillis":1},"told":{"lost":"the prober was killed"}}"#;
    let lost: Testimony = serde_json::from_str(lost)?;
    assert!(lost.client.is_none() && lost.report().is_none() && lost.attempt().is_none());
    Ok(())
}
