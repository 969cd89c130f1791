//! What holds for every input.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use dualproof_dump::bundle::{self, Writer, layout};
use dualproof_dump::{envoy, istio, kubernetes};
use dualproof_model::evidence::CallOutcome;
use dualproof_model::evidence::{DnsQuestion, Manifest, PodRef, Target};
use dualproof_model::family::IpFamily;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Value, json};

const SEEDS: [&[u8]; 6] = [
    include_bytes!("data/rejected_listener.json"),
    include_bytes!("data/rejected_syncz.json"),
    include_bytes!("data/istioctl_listeners.json"),
    include_bytes!("data/istioctl_clusters.json"),
    include_bytes!("data/istioctl_endpoints.json"),
    include_bytes!("data/istioctl_eds.json"),
];

/// Lets every parser see the bytes; what they say does not matter, as long as they say something.
fn feed(bytes: &[u8]) {
    let errors = [
        envoy::config_dump(bytes, "p").err(),
        envoy::redact(bytes, "p").err(),
        envoy::listeners(bytes, "p").err(),
        envoy::clusters(bytes, "p").err(),
        envoy::server_info(bytes, "p").err(),
        envoy::stats(bytes, "p").err(),
        envoy::istioctl_listeners(bytes, "p").err(),
        envoy::istioctl_clusters(bytes, "p").err(),
        envoy::istioctl_endpoints(bytes, "p").err(),
        envoy::istioctl_eds(bytes, "p").err(),
        kubernetes::nodes(bytes, "p").err(),
        kubernetes::namespaces(bytes, "p").err(),
        kubernetes::services(bytes, "p").err(),
        kubernetes::endpoint_slices(bytes, "p").err(),
        kubernetes::pods(bytes, "p").err(),
        istio::syncz(bytes, "p").err(),
    ];
    assert!(istio::redirect_log(bytes, "p").is_none_or(|log| log.place == "p"));
    for error in errors.into_iter().flatten() {
        assert!(error.to_string().starts_with("p ") && !error.hint().is_empty());
    }
}

fn address() -> impl Strategy<Value = Value> {
    let ip = prop_oneof![
        any::<u32>().prop_map(|bits| std::net::Ipv4Addr::from(bits).to_string()),
        any::<u128>().prop_map(|bits| std::net::Ipv6Addr::from(bits).to_string()),
        any::<u32>().prop_map(|bits| format!("::ffff:{}", std::net::Ipv4Addr::from(bits))),
    ];
    let port = prop_oneof![any::<u16>().prop_map(Value::from), any::<u16>().prop_map(|port| port.to_string().into())];
    let socket = (ip, port, prop_oneof![Just("TCP"), Just("UDP")]).prop_map(
        |(ip, port, protocol)| json!({"socket_address": {"address": ip, "port_value": port, "protocol": protocol}}),
    );
    prop_oneof![4 => socket, 1 => Just(json!({"pipe": {"path": "/x"}})),
        1 => Just(json!({"envoy_internal_address": {"server_listener_name": "x"}}))]
}

fn wrapped() -> impl Strategy<Value = Vec<Value>> {
    vec(address().prop_map(|address| json!({"address": address})), 0..3)
}

fn listener() -> impl Strategy<Value = Value> {
    (".{0,12}", address(), wrapped(), prop_oneof![Just("INBOUND"), Just("OUTBOUND"), Just("UNSPECIFIED")]).prop_map(
        |(name, address, additional, direction)| {
            json!({"name": name, "address": address, "additional_addresses": additional, "traffic_direction": direction,
                "filter_chains": [{"unknown_field": {"name": 7}}]})
        },
    )
}

fn dynamic_listener() -> impl Strategy<Value = Value> {
    let state = || proptest::option::of(listener().prop_map(|listener| json!({"listener": listener})));
    let error = proptest::option::of(
        (".{0,8}", "[a-z]{0,4}")
            .prop_map(|(details, name)| json!({"details": details, "failed_configuration": {"name": name}})),
    );
    (state(), state(), state(), error).prop_map(|(active, warming, draining, error)| {
        let states = [
            ("active_state", active),
            ("warming_state", warming),
            ("draining_state", draining),
            ("error_state", error),
        ];
        Value::Object(states.into_iter().filter_map(|(key, state)| Some((key.to_owned(), state?))).collect())
    })
}

fn cluster() -> impl Strategy<Value = Value> {
    let bind = (any::<u32>(), any::<u128>()).prop_map(|(v4, v6)| {
        json!({"source_address": {"address": std::net::Ipv4Addr::from(v4).to_string(), "port_value": 0},
            "extra_source_addresses": [{"address": {"address": std::net::Ipv6Addr::from(v6).to_string(), "port_value": 0}}]})
    });
    (".{0,12}", bind, prop_oneof![Just("EDS"), Just("STATIC")]).prop_map(|(name, bind, kind)| {
        json!({"cluster": {"name": name, "type": kind, "upstream_bind_config": bind, "dns_lookup_family": "V4_ONLY"}})
    })
}

fn endpoint() -> impl Strategy<Value = Value> {
    (address(), wrapped()).prop_map(|(address, additional)| {
        json!({"health_status": "HEALTHY", "endpoint": {"address": address, "additional_addresses": additional}})
    })
}

fn config_dump() -> impl Strategy<Value = Value> {
    let endpoints = ("[a-z|]{1,9}", vec(endpoint(), 0..3)).prop_map(
        |(name, hosts)| json!({"endpoint_config": {"cluster_name": name, "endpoints": [{"lb_endpoints": hosts}]}}),
    );
    (
        vec(dynamic_listener(), 0..4),
        vec(listener().prop_map(|listener| json!({"listener": listener})), 0..2),
        vec(cluster(), 0..3),
        vec(endpoints, 0..3),
    )
        .prop_map(|(dynamic, fixed, clusters, endpoints)| {
            json!({"configs": [
                {"@type": "a.b.ListenersConfigDump", "dynamic_listeners": dynamic, "static_listeners": fixed},
                {"@type": "a.b.ClustersConfigDump", "dynamic_active_clusters": clusters, "static_clusters": []},
                {"@type": "a.b.EndpointsConfigDump", "dynamic_endpoint_configs": endpoints},
                {"@type": "a.b.FutureConfigDump", "some_field": [1, null, {"a_b": "c"}]}]})
        })
}

/// Respells every key as istioctl does.
fn camel(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(camel).collect(),
        Value::Object(fields) => {
            let respell = |key: &str| {
                let mut words = key.split('_');
                let first = words.next().unwrap_or_default().to_owned();
                words.fold(first, |mut all, word| {
                    let (head, tail) = word.split_at(1);
                    all.push_str(&head.to_uppercase());
                    all.push_str(tail);
                    all
                })
            };
            Value::Object(fields.iter().map(|(key, value)| (respell(key), camel(value))).collect())
        }
        other => other.clone(),
    }
}

fn question() -> impl Strategy<Value = DnsQuestion> {
    (".{0,20}", any::<u128>(), any::<u64>(), proptest::option::of(any::<i32>())).prop_map(
        |(text, bits, millis, code)| DnsQuestion {
            id: text.clone(),
            client: PodRef { namespace: "n".to_owned(), name: text.clone() },
            name: text.clone(),
            target: Target { namespace: "n".to_owned(), name: "s".to_owned(), port: 1 },
            family: IpFamily::IPv6,
            answers: vec![std::net::Ipv6Addr::from(bits).into()],
            outcome: code.map_or(CallOutcome::Lost(text), CallOutcome::Exited),
            millis,
        },
    )
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(bytes in vec(any::<u8>(), 0..200)) {
        feed(&bytes);
    }

    #[test]
    fn no_json_makes_a_parser_panic(text in r#"[\[\]{}:,"\\a-c0-9 @_]{0,60}"#) {
        feed(text.as_bytes());
    }

    #[test]
    fn no_damage_to_a_real_dump_makes_a_parser_panic(
        seed in 0..SEEDS.len(), damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut in any::<prop::sample::Index>()
    ) {
        let mut bytes = SEEDS[seed].to_vec();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        feed(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        feed(&bytes);
    }

    #[test]
    fn both_spellings_give_equal_evidence(dump in config_dump()) {
        let snake = envoy::config_dump(dump.to_string().as_bytes(), "p").unwrap();
        let camel = envoy::config_dump(camel(&dump).to_string().as_bytes(), "p").unwrap();
        prop_assert_eq!(&snake, &camel);
        let hosts: usize = dump["configs"][2]["dynamic_endpoint_configs"].as_array().unwrap().iter()
            .map(|config| config["endpoint_config"]["endpoints"][0]["lb_endpoints"].as_array().unwrap().len()).sum();
        prop_assert_eq!(snake.endpoints.iter().map(|one| one.endpoints.len()).sum::<usize>(), hosts);
    }

    #[test]
    fn both_spellings_of_an_array_give_equal_evidence(listeners in vec(listener(), 0..4)) {
        let snake = Value::from(listeners);
        prop_assert_eq!(
            envoy::istioctl_listeners(snake.to_string().as_bytes(), "p").unwrap(),
            envoy::istioctl_listeners(camel(&snake).to_string().as_bytes(), "p").unwrap()
        );
    }

    #[test]
    fn redaction_keeps_evidence_and_is_done_once(dump in config_dump(), pretty in any::<bool>()) {
        let text = if pretty { format!("{dump:#}") } else { dump.to_string() };
        let with_secrets = text.replace("a.b.FutureConfigDump", "a.b.SecretsConfigDump");
        let clean = envoy::redact(with_secrets.as_bytes(), "p").unwrap();
        prop_assert!(!String::from_utf8_lossy(&clean).contains("SecretsConfigDump"));
        prop_assert_eq!(envoy::config_dump(&clean, "p").unwrap(), envoy::config_dump(text.as_bytes(), "p").unwrap());
        prop_assert_eq!(&envoy::redact(&clean, "p").unwrap(), &clean);
        prop_assert_eq!(envoy::redact(text.as_bytes(), "p").unwrap(), text.into_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_bundle_is_read_as_it_was_written(
        questions in vec(question(), 0..5),
        inputs in btree_map("[a-z]{1,8}(/[A-Za-z0-9_ é-][A-Za-z0-9_. -]{0,8}){0,3}", vec(any::<u8>(), 0..50), 0..5),
        note in ".{0,30}",
    ) {
        // A name cannot be a file and a folder at once.
        let inputs: Vec<_> = inputs.iter().filter(|(name, _)| !inputs.keys().any(|other| other.starts_with(&format!("{name}/")))).collect();
        let dir = tempfile::tempdir().unwrap();
        let writer = Writer::create(dir.path()).unwrap();
        for question in &questions {
            writer.append_line(layout::DNS, question).unwrap();
        }
        for (name, bytes) in &inputs {
            writer.add(&layout::input(name), bytes).unwrap();
        }
        writer.missing(note.clone(), note.clone());
        let manifest = Manifest { run: note.clone(), ..Manifest::default() };
        writer.save(manifest).unwrap();
        let bundle = bundle::read(dir.path()).unwrap();
        prop_assert_eq!(&bundle.evidence.dns, &questions);
        prop_assert_eq!(&bundle.evidence.manifest.run, &note);
        prop_assert_eq!(&bundle.evidence.manifest.missing[0].why, &note);
        prop_assert_eq!(bundle.inputs().count(), inputs.len());
        for (name, bytes) in inputs {
            prop_assert_eq!(bundle.input(&layout::input(name)), Some(bytes.as_slice()));
        }
    }
}
