//! Testimonies and proxies' raw logs in a bundle.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use dualproof_dump::DumpError;
use dualproof_dump::bundle::{self, Writer, layout};
use dualproof_model::evidence::{ACCESS_LOG_MARK, Evidence, HostStatus, Manifest, PodRef, Testimony};
use serde_json::json;
use tempfile::TempDir;

fn pod() -> PodRef {
    PodRef { namespace: "callers".to_owned(), name: "caller-1".to_owned() }
}

fn testimony(id: &str) -> Testimony {
    let told = json!({
        "cell": format!("meshed/agents.dual/{id}"),
        "stage": "mesh",
        "client": { "namespace": "callers", "name": "caller-1" },
        "from": "2026-09-01T12:00:00Z",
        "until": "2026-09-01T12:00:01Z",
        "ask": { "id": id, "token": "t", "to": { "address": "[fd00::1]:9000" }, "protocol": "tcp", "deadlineMillis": 5 },
        "told": { "lost": "the prober was killed" },
    });
    serde_json::from_value(told).unwrap()
}

fn line(cluster: &str) -> String {
    let (mark, version) = ACCESS_LOG_MARK;
    json!({ mark: version, "START_TIME": "2026-09-01T12:00:07Z", "UPSTREAM_CLUSTER": cluster }).to_string()
}

fn written(write: impl FnOnce(&Writer)) -> (TempDir, Result<Evidence, DumpError>) {
    let dir = tempfile::tempdir().unwrap();
    let writer = Writer::create(dir.path()).unwrap();
    write(&writer);
    writer.save(Manifest::default()).unwrap();
    let evidence = bundle::read(dir.path()).map(|bundle| bundle.evidence);
    (dir, evidence)
}

#[test]
fn testimonies_are_read_back_in_their_order() {
    let (_dir, evidence) = written(|writer| {
        for id in ["b", "a"] {
            writer.append_line(layout::TESTIMONY, &testimony(id)).unwrap();
        }
    });
    assert_eq!(evidence.unwrap().testimonies, [testimony("b"), testimony("a")]);
}

#[test]
fn a_testimony_that_cannot_be_read_is_an_error_with_its_line() {
    let (_dir, evidence) = written(|writer| {
        let whole = serde_json::to_string(&testimony("a")).unwrap();
        writer.add(layout::TESTIMONY, format!("{whole}\n{{\"cell\":1}}\n")).unwrap();
    });
    assert!(evidence.unwrap_err().to_string().starts_with("testimony.jsonl line 2"), "the second line is none");
}

#[test]
fn our_lines_of_a_proxys_log_are_read_and_cut_ones_are_missing_by_their_number() {
    let (one, two) = (line("outbound|9000||a.b.svc.cluster.local;"), line("PassthroughCluster"));
    let cut = &two[..two.len() / 2];
    let log = format!(
        "2026-09-01T12:00:00Z\tinfo\tEnvoy proxy is ready\n{one}\n{{\"level\":\"info\"}}\nodd \u{fffd}\n{cut}\n{two}"
    );
    let (_dir, evidence) = written(|writer| {
        let mut bytes = log.into_bytes();
        bytes.splice(0..0, *b"\xff\xfe not text\n");
        writer.add_parsed(&layout::access_log(&pod()), bytes).unwrap();
    });
    let evidence = evidence.unwrap();
    let seen: Vec<_> = evidence.access_log.iter().map(|line| (line.place.as_str(), line.cluster.as_deref())).collect();
    let place = "access/callers/caller-1.log";
    let expected = [
        (format!("{place}#L3"), "outbound|9000||a.b.svc.cluster.local"),
        (format!("{place}#L7"), "PassthroughCluster"),
    ];
    assert_eq!(seen, expected.each_ref().map(|(place, cluster)| (place.as_str(), Some(*cluster))));
    assert!(evidence.access_log.iter().all(|line| line.pod == pod()));
    let missing: Vec<_> = evidence.manifest.missing.iter().filter(|missing| missing.what.contains("access/")).collect();
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert_eq!(missing[0].what, format!("{place}#L6"));
    assert!(missing[0].why.contains("is cut or is not JSON"), "{}", missing[0].why);
}

#[test]
fn a_bundle_from_before_the_matrix_has_none_of_it_and_misses_nothing() {
    let (_dir, evidence) = written(|writer| writer.add(layout::NODES, r#"{"kind":"NodeList","items":[]}"#).unwrap());
    let evidence = evidence.unwrap();
    assert!(evidence.testimonies.is_empty() && evidence.access_log.is_empty());
    let asked = |what: &str| what.contains("testimony") || what.contains("access");
    assert!(!evidence.manifest.missing.iter().any(|missing| asked(&missing.what)), "{:?}", evidence.manifest.missing);
}

#[test]
fn counters_of_before_the_calls_stand_beside_those_after_and_are_missed_by_nobody() {
    let dump = |requests: u8| {
        json!({ "cluster_statuses": [{ "name": "outbound|9000||a.b.svc.cluster.local", "host_statuses": [{
            "address": { "socket_address": { "address": "fd00::1", "port_value": 9000 } },
            "stats": [{ "name": "rq_total", "value": requests.to_string() }],
        }] }] })
        .to_string()
    };
    let file = |name| layout::proxy_file(&pod(), name);
    let read = |before: bool| {
        let (_dir, evidence) = written(|writer| {
            writer.add_parsed(&file(layout::CLUSTERS), dump(5)).unwrap();
            if before {
                writer.add_parsed(&file(layout::CLUSTERS_BEFORE), dump(2)).unwrap();
            }
        });
        evidence.unwrap()
    };
    let evidence = read(true);
    let requests = |hosts: &[HostStatus]| hosts.iter().map(|host| host.requests).collect::<Vec<_>>();
    let proxy = &evidence.proxies[0];
    assert_eq!((requests(&proxy.hosts), proxy.hosts_before.as_deref().map(requests)), (vec![5], Some(vec![2])));
    let evidence = read(false);
    assert_eq!(evidence.proxies[0].hosts_before, None);
    assert!(!evidence.manifest.missing.iter().any(|missing| missing.what.contains("before")));
}
