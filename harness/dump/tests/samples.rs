//! The recorded bundles in `samples/bundles`: what is in them, and every file of them cut short.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "the samples are files")]

use std::fs;
use std::path::{Path, PathBuf};

use dualproof_dump::bundle::{self, Writer, layout};
use dualproof_dump::{DumpError, envoy, istio, kubernetes};
use dualproof_model::evidence::{ClusterName, Evidence, Manifest, Proxy};
use dualproof_model::family::{FamilyOrder, IpFamily};

const SAMPLES: [(&str, FamilyOrder); 2] =
    [("istio-1.31-v4-v6", FamilyOrder::V4First), ("istio-1.30-v6-v4", FamilyOrder::V6First)];

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/bundles").join(name)
}

fn proxy_in<'a>(evidence: &'a Evidence, namespace: &str) -> &'a Proxy {
    evidence.proxies.iter().find(|proxy| proxy.pod.namespace == namespace).unwrap()
}

#[test]
fn both_orders_show_both_families_at_every_layer() {
    for (name, order) in SAMPLES {
        let evidence = bundle::read(&sample(name)).unwrap().evidence;
        assert_eq!(evidence.manifest.cell.order, order, "{name}");
        let families = |ips: &[std::net::IpAddr]| ips.iter().map(IpFamily::of).collect::<Vec<_>>() == order.families();
        let node = &evidence.objects.nodes[0];
        assert!(families(&node.internal_ips), "{name}: {node:?}");
        let server = evidence.objects.pods_in("dual-stack").next().unwrap();
        assert!(families(&server.ips) && server.ready && server.is_meshed(), "{name}: {server:?}");

        let service = evidence.objects.service("dual-stack", "tcp-echo").unwrap();
        assert_eq!(service.families, [IpFamily::IPv6, IpFamily::IPv4], "{name}");
        assert_eq!(service.cluster_ip, service.cluster_ips.first().copied(), "{name}");
        assert_eq!(evidence.objects.slices_of(service).count(), 2, "{name}");
        let backends = evidence.objects.backends_of(service);
        assert_eq!(backends.len(), 1, "{name}");

        let client = proxy_in(&evidence, "sleep");
        assert!(families(&client.info.instance_ips), "{name}: {:?}", client.info);
        assert_eq!(Some(&client.info.mesh), evidence.manifest.versions.control_plane.as_ref(), "{name}");
        assert_eq!(client.info.state, "LIVE", "{name}");
        let vips = service.cluster_ips.iter().copied().collect();
        let listener = client.listeners.iter().find(|listener| listener.addresses_on(9000) == vips).unwrap();
        assert!(listener.active && listener.error.is_none(), "{name}: {listener:?}");
        assert!(client.listener_statuses.iter().any(|status| status.addresses == listener.addresses), "{name}");
        let serves = |cluster: &str| {
            ClusterName::parse(cluster).is_some_and(|found| found.serves("dual-stack", "tcp-echo", 9000))
        };
        let endpoints = client.endpoints.iter().find(|found| serves(&found.cluster)).unwrap();
        assert_eq!(endpoints.endpoints.len(), 1, "{name}");
        assert_eq!(endpoints.endpoints[0].ips(), backends[0].addresses, "{name}");
        assert!(client.hosts.iter().any(|host| serves(&host.cluster) && host.requests > 0), "{name}");
        assert!(client.rejections.is_empty() && client.stats["listener_manager.lds.update_rejected"] == 0);

        let inbound = proxy_in(&evidence, "dual-stack");
        let cluster = inbound.clusters.iter().find(|cluster| cluster.name == "InboundPassthroughCluster").unwrap();
        let bound: Vec<String> = cluster.bind_sources.iter().map(ToString::to_string).collect();
        // A constant of Istio, whatever the order of the cluster.
        assert_eq!(bound, ["127.0.0.6", "::6"], "{name}");
        let redirect = inbound.redirect.as_ref().unwrap();
        assert_eq!((redirect.inbound_ipv6, redirect.dual_stack), (Some(true), Some(true)), "{name}");

        let sync = evidence.sync.as_ref().unwrap();
        assert_eq!(sync.proxies.len(), evidence.proxies.len(), "{name}");
        assert!(sync.proxies.iter().flat_map(|proxy| proxy.types.values()).all(|state| state.is_synced()), "{name}");
        assert!(evidence.calls.iter().any(|call| call.scenario == "seed/dual-stack"), "{name}");
        assert!(IpFamily::BOTH.iter().all(|family| evidence.dns.iter().any(|asked| asked.family == *family)), "{name}");
        for call in &evidence.calls {
            assert!(call.stdout.contains(call.reply.as_deref().unwrap()), "{name}: {call:?}");
        }
        assert!(evidence.manifest.missing.is_empty(), "{name}: {:?}", evidence.manifest.missing);
    }
}

#[test]
fn samples_hold_no_secret_and_stay_small() {
    for (name, _) in SAMPLES {
        let dir = sample(name);
        let mut size = 0;
        for path in bundle::read(&dir).unwrap().evidence.manifest.files.keys() {
            let text = fs::read_to_string(dir.join(path)).unwrap();
            size += text.len();
            for secret in ["BEGIN ", "LS0tLS1CRUdJTi", "SecretsConfigDump", "private_key", "eyJ"] {
                assert!(!text.contains(secret), "{name}: `{secret}` in {path}");
            }
        }
        assert!(size < 500_000, "{name} has {size} bytes");
    }
}

/// Parses a file as the reader of bundles does. `None` for a file that is text, any part of which is text, too.
fn parse(path: &str, bytes: &[u8]) -> Option<Result<(), DumpError>> {
    let name = path.rsplit('/').next().unwrap();
    Some(match (path, name) {
        (layout::NODES, _) => kubernetes::nodes(bytes, path).map(drop),
        (layout::NAMESPACES, _) => kubernetes::namespaces(bytes, path).map(drop),
        (layout::SERVICES, _) => kubernetes::services(bytes, path).map(drop),
        (layout::ENDPOINT_SLICES, _) => kubernetes::endpoint_slices(bytes, path).map(drop),
        (layout::PODS, _) => kubernetes::pods(bytes, path).map(drop),
        (layout::SYNCZ, _) => istio::syncz(bytes, path).map(drop),
        (_, layout::CONFIG_DUMP) => envoy::config_dump(bytes, path).map(drop),
        (_, layout::LISTENERS) => envoy::listeners(bytes, path).map(drop),
        (_, layout::CLUSTERS) => envoy::clusters(bytes, path).map(drop),
        (_, layout::SERVER_INFO) => envoy::server_info(bytes, path).map(drop),
        (_, layout::STATS) => envoy::stats(bytes, path).map(drop),
        (layout::CALLS | layout::DNS | layout::TIMINGS, _) => {
            // These have no parser of their own: a bundle with nothing else does.
            let dir = tempfile::tempdir().unwrap();
            let writer = Writer::create(dir.path()).unwrap();
            writer.add(path, bytes).unwrap();
            writer.save(Manifest::default()).unwrap();
            bundle::read(dir.path()).map(drop)
        }
        // People's own words: read by the rules, not by this crate.
        _ if path.starts_with("inputs/") => return None,
        (layout::DEPLOYMENTS, _) => return None,
        // Cut short in `netns.rs`, which knows where an output of several tables may end.
        _ if path.starts_with("netns/") => return None,
        (_, "istio-init.log") => {
            assert!(istio::redirect_log(bytes, path).is_none_or(|log| log.place == path));
            return None;
        }
        _ => panic!("no parser for {path}"),
    })
}

/// A file of lines is whole where a line ends: a run that was stopped leaves it so.
fn is_whole(path: &str, cut: &[u8], rest: &[u8]) -> bool {
    let lines = [layout::CALLS, layout::DNS].contains(&path);
    let stats = path.ends_with(layout::STATS);
    rest.trim_ascii().is_empty()
        || (lines && (cut.is_empty() || cut.ends_with(b"\n")))
        || (stats && cut.ends_with(b"\n"))
}

#[test]
fn a_file_that_is_cut_is_an_error_with_its_path() {
    let mut cuts = 0;
    for (name, _) in SAMPLES {
        let dir = sample(name);
        for path in bundle::read(&dir).unwrap().evidence.manifest.files.keys() {
            let whole = fs::read(dir.join(path)).unwrap();
            for at in (0..whole.len()).step_by(97) {
                let (cut, rest) = whole.split_at(at);
                let Some(result) = parse(path, cut) else { continue };
                if is_whole(path, cut, rest) {
                    continue;
                }
                let Err(error) = result else { panic!("{name}/{path} cut at {at} was taken") };
                assert!(error.to_string().contains(path), "{name}/{path} cut at {at}: {error}");
                assert!(
                    matches!(error, DumpError::Empty { .. } | DumpError::Truncated { .. }),
                    "{name}/{path} cut at {at}: {error:?}"
                );
                cuts += 1;
            }
        }
    }
    assert!(cuts > 3000, "only {cuts} cuts were tried");
}

#[test]
fn a_manifest_that_is_cut_is_an_error_with_its_path() {
    for (name, _) in SAMPLES {
        let from = sample(name);
        let dir = tempfile::tempdir().unwrap();
        for path in bundle::read(&from).unwrap().evidence.manifest.files.keys() {
            let target = dir.path().join(path);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::copy(from.join(path), target).unwrap();
        }
        let text = fs::read(from.join(layout::MANIFEST)).unwrap();
        for at in (0..text.len()).step_by(97) {
            fs::write(dir.path().join(layout::MANIFEST), &text[..at]).unwrap();
            let Err(error) = bundle::read(dir.path()) else { panic!("{name}: bundle.yaml cut at {at} was taken") };
            assert!(!error.hint().is_empty());
            // A cut inside the last digest leaves a manifest that is whole and a file that does not fit it.
            let told = error.to_string().contains("bundle.yaml") || matches!(error, DumpError::Digest { .. });
            assert!(told, "{name}: bundle.yaml cut at {at}: {error}");
        }
        fs::write(dir.path().join(layout::MANIFEST), &text).unwrap();
        bundle::read(dir.path()).unwrap();
    }
}

#[test]
fn samples_with_a_matrix_have_its_logs_and_network_namespaces() {
    for (name, cell, proxies) in [
        ("embedded-1.31-v4-v6", "embedded_embedded-1.31.0_v4-v6_1n", 2),
        ("istio-1.31-v6-v4", "kind-1.36.1_istio-1.31.0-lab_v6-v4_1n", 6),
    ] {
        let evidence = bundle::read(&sample(name)).unwrap().evidence;
        assert_eq!(evidence.manifest.cell.name(), cell, "an embedded cluster never says that it is Istio");
        assert!(evidence.testimonies.iter().any(|told| told.report().is_some()));
        for proxy in &evidence.proxies {
            let netns = evidence.netns.iter().find(|netns| netns.pod == proxy.pod).unwrap();
            assert!(netns.rules.v4.is_some() && netns.rules.v6.is_some(), "{}", proxy.pod);
            assert!(netns.sockets.v4.is_some() && netns.sockets.v6.is_some(), "{}", proxy.pod);
            assert!(evidence.access_log.iter().any(|line| line.pod == proxy.pod), "{}", proxy.pod);
        }
        let missing = &evidence.manifest.missing;
        assert_eq!((evidence.proxies.len(), missing.len()), (proxies, 0), "{name}: {missing:?}");
    }
}
