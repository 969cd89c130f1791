//! What versions, switches and families are known to do.

use std::net::IpAddr;

use dualproof_model::evidence::PodRef;
use dualproof_model::family::{IpFamily, listener_name};
use dualproof_model::truth::outbound_listener;
use dualproof_shapes::settings::{DualStack, Settings};
use dualproof_shapes::sidecar::Sidecar;
use dualproof_shapes::world::{MtlsMode, PeerAuthentication, World};
use serde_json::Value;

use crate::comparing::load::{Outcome, version_profiles, world};

fn settings(version: &str) -> Outcome<Settings> {
    Ok(Settings::of(&version.parse()?, &version_profiles()?).ok_or("no profile")?)
}

fn client(world: &World) -> Outcome<PodRef> {
    Ok(world.pods.values().find(|pod| pod.id.namespace == "sleep").ok_or("no client")?.id.clone())
}

fn listener<'a>(sidecar: &'a Sidecar, name: &str) -> Option<&'a Value> {
    sidecar.listeners.iter().find(|listener| listener["name"] == name)
}

fn cluster<'a>(sidecar: &'a Sidecar, name: &str) -> Option<&'a Value> {
    sidecar.clusters.iter().find(|cluster| cluster["name"] == name)
}

fn addresses(listener: &Value) -> Outcome<Vec<IpAddr>> {
    let more = listener["additional_addresses"].as_array().into_iter().flatten().map(|entry| &entry["address"]);
    std::iter::once(&listener["address"])
        .chain(more)
        .map(|address| Ok(address["socket_address"]["address"].as_str().ok_or("no address")?.parse()?))
        .collect()
}

/// The addresses of the IPv6-first Service of the seed, as they are and as the truth has them.
fn vips(version: &str) -> Outcome<(Vec<IpAddr>, Vec<IpAddr>)> {
    let world = world()?;
    let service = world.services.iter().find(|service| service.namespace == "dual-stack").ok_or("no Service")?;
    let truth = outbound_listener(&service.cluster_ips, 9000, &IpFamily::BOTH).ok_or("no truth")?;
    let sidecar = Sidecar::of(&world, &settings(version)?, &client(&world)?)?;
    let first =
        service.cluster_ips.iter().find_map(|ip| listener(&sidecar, &listener_name(*ip, 9000))).ok_or("none")?;
    let mut expected: Vec<IpAddr> = truth.addresses.iter().copied().filter(|address| *address != truth.first).collect();
    expected.insert(0, truth.first);
    Ok((addresses(first)?, expected))
}

#[test]
fn an_ipv6_first_service_is_whole_in_good_versions_and_broken_in_those_that_are_known_for_it() -> Outcome {
    for version in ["1.17.0", "1.22.0", "1.23.1", "1.24.6", "1.25.3", "1.26.0", "1.31.0"] {
        let (seen, expected) = vips(version)?;
        assert_eq!(seen, expected, "{version}");
    }
    for version in ["1.24.0", "1.24.5", "1.25.0", "1.25.2"] {
        let (seen, expected) = vips(version)?;
        let v4 = *expected.last().ok_or("no address")?;
        assert!(v4.is_ipv4(), "the Service is IPv6 first");
        assert_eq!(seen, [v4, v4], "{version}");
    }
    Ok(())
}

#[test]
fn a_dual_pod_is_one_endpoint_from_1_24_and_two_before() -> Outcome {
    let world = world()?;
    let hosts = |settings: &Settings| -> Outcome<usize> {
        let sidecar = Sidecar::of(&world, settings, &client(&world)?)?;
        let endpoints = &sidecar.endpoints["outbound|9000||tcp-echo.dual-stack.svc.cluster.local"];
        Ok(endpoints["endpoints"][0]["lb_endpoints"].as_array().ok_or("no hosts")?.len())
    };
    assert_eq!(hosts(&settings("1.24.0")?)?, 1);
    assert_eq!(hosts(&settings("1.23.6")?)?, 2);
    assert_eq!(hosts(&Settings { dual_stack: DualStack::OFF, ..settings("1.31.0")? })?, 2);
    Ok(())
}

#[test]
fn the_inbound_passthrough_is_one_cluster_from_1_23_and_one_a_family_before() -> Outcome {
    let world = world()?;
    for (version, names) in [
        ("1.22.0", &["InboundPassthroughClusterIpv4", "InboundPassthroughClusterIpv6"][..]),
        ("1.23.0", &["InboundPassthroughCluster"][..]),
    ] {
        let sidecar = Sidecar::of(&world, &settings(version)?, &client(&world)?)?;
        let found: Vec<&str> = sidecar
            .clusters
            .iter()
            .filter_map(|cluster| cluster["name"].as_str())
            .filter(|name| name.starts_with("InboundPassthrough"))
            .collect();
        assert_eq!(found, names, "{version}");
        let inbound = listener(&sidecar, "virtualInbound").ok_or("no listener")?.to_string();
        assert!(names.iter().all(|name| inbound.contains(&format!("\"cluster\":\"{name}\""))), "{version}: {names:?}");
    }
    Ok(())
}

#[test]
fn static_listeners_follow_the_pods_first_family_and_the_proxys_half_of_the_switch() -> Outcome {
    let mut world = world()?;
    let client = client(&world)?;
    let bound = |world: &World, settings: &Settings| -> Outcome<Vec<Vec<String>>> {
        let sidecar = Sidecar::of(world, settings, &client)?;
        let listeners = sidecar.bootstrap["static_resources"]["listeners"].as_array().ok_or("none")?.clone();
        listeners.iter().map(|listener| Ok(addresses(listener)?.iter().map(ToString::to_string).collect())).collect()
    };
    let both = ["0.0.0.0".to_owned(), "::".to_owned()];
    assert_eq!(bound(&world, &settings("1.31.0")?)?, [both.clone(), both.clone()]);
    assert_eq!(bound(&world, &settings("1.19.0")?)?, [both[..1].to_vec(), both[..1].to_vec()]);
    let half = Settings { dual_stack: DualStack { control_plane: true, proxy: false }, ..settings("1.31.0")? };
    assert_eq!(bound(&world, &half)?, [both[..1].to_vec(), both[..1].to_vec()]);
    world.pods.values_mut().for_each(|pod| pod.ips.reverse());
    let turned = ["::".to_owned(), "0.0.0.0".to_owned()];
    assert_eq!(bound(&world, &settings("1.31.0")?)?, [turned.clone(), turned]);
    let sidecar = Sidecar::of(&world, &settings("1.31.0")?, &client)?;
    assert_eq!(sidecar.bootstrap["admin"]["address"]["socket_address"]["address"], "::1");
    Ok(())
}

#[test]
fn a_pod_of_one_family_gets_nothing_of_the_other() -> Outcome {
    let mut world = world()?;
    let client = client(&world)?;
    for (keep, wildcard) in [(IpFamily::IPv4, "0.0.0.0"), (IpFamily::IPv6, "::")] {
        let mut single = world.clone();
        single.pods.values_mut().filter(|pod| pod.id == client).for_each(|pod| {
            pod.ips.retain(|address| IpFamily::of(address) == keep);
        });
        let sidecar = Sidecar::of(&single, &settings("1.31.0")?, &client)?;
        for name in ["virtualInbound", "virtualOutbound"] {
            let seen = addresses(listener(&sidecar, name).ok_or("no listener")?)?;
            assert_eq!(seen, [wildcard.parse::<IpAddr>()?], "{name}");
        }
        let inbound = cluster(&sidecar, "inbound|80||").ok_or("no cluster")?;
        assert!(inbound["upstream_bind_config"]["extra_source_addresses"].is_null());
    }
    world.pods.values_mut().filter(|pod| pod.id == client).for_each(|pod| pod.ips.clear());
    assert!(Sidecar::of(&world, &settings("1.31.0")?, &client).is_err(), "a pod without address has a sidecar");
    Ok(())
}

#[test]
fn a_policy_holds_for_mesh_namespace_workload_or_port_the_narrower_first() -> Outcome {
    let mut world = world()?;
    world.policies.clear();
    let rules = |world: &World| world.mtls("ns", &[("app".to_owned(), "x".to_owned())].into(), "istio-system");
    let policy = |namespace: &str, mode| PeerAuthentication {
        namespace: namespace.to_owned(),
        name: namespace.to_owned(),
        mode: Some(mode),
        ..PeerAuthentication::default()
    };
    assert_eq!(rules(&world).port(80), MtlsMode::Permissive);
    world.policies.push(policy("istio-system", MtlsMode::Strict));
    assert_eq!(rules(&world).port(80), MtlsMode::Strict);
    world.policies.push(policy("ns", MtlsMode::Disable));
    assert_eq!(rules(&world).port(80), MtlsMode::Disable);
    let mut workload = policy("ns", MtlsMode::Permissive);
    workload.selector = [("app".to_owned(), "x".to_owned())].into();
    workload.ports = [(81, Some(MtlsMode::Strict)), (82, None)].into();
    world.policies.push(workload);
    assert_eq!(rules(&world).port(80), MtlsMode::Permissive);
    assert_eq!(rules(&world).port(81), MtlsMode::Strict);
    assert_eq!(rules(&world).port(82), MtlsMode::Permissive);
    assert_eq!(world.mtls("ns", &[].into(), "istio-system").port(81), MtlsMode::Disable);
    Ok(())
}
