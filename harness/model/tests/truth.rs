//! What should be: each function of `truth` against tables that are written out.

use std::net::IpAddr;

use dualproof_model::evidence::{
    Backend, EndpointSlice, Meta, Objects, Pod, Protocol, Service, SliceEndpoint, SocketAddress,
};
use dualproof_model::family::{AddressSet, IpFamily, IpFamilyPolicy, parse_ip};
use dualproof_model::spec::{EndpointShape, InfraShape, PassthroughShape};
use dualproof_model::truth::{
    allocation, cluster_families, endpoint_addresses, endpoint_groups, families_of, inbound_sources, infra_wildcards,
    outbound_listener, passthrough_clusters, rank, repeated, wildcards,
};

const V4: IpFamily = IpFamily::IPv4;
const V6: IpFamily = IpFamily::IPv6;

fn ip(text: &str) -> IpAddr {
    parse_ip(text).unwrap_or_else(|error| panic!("{error}"))
}

fn set(texts: &[&str]) -> AddressSet {
    texts.iter().map(|text| ip(text)).collect()
}

#[test]
fn the_allocation_table_is_complete() {
    use IpFamilyPolicy::{PreferDualStack, RequireDualStack, SingleStack};
    // policy, headless, selector, families of the cluster: families and clusterIPs, or a refusal.
    let table = [
        (SingleStack, false, true, 1, Some((1, 1))),
        (SingleStack, false, true, 2, Some((1, 1))),
        (SingleStack, false, false, 1, Some((1, 1))),
        (SingleStack, false, false, 2, Some((1, 1))),
        (SingleStack, true, true, 1, Some((1, 0))),
        (SingleStack, true, true, 2, Some((1, 0))),
        (SingleStack, true, false, 1, Some((1, 0))),
        (SingleStack, true, false, 2, Some((1, 0))),
        (PreferDualStack, false, true, 1, Some((1, 1))),
        (PreferDualStack, false, true, 2, Some((2, 2))),
        (PreferDualStack, false, false, 1, Some((1, 1))),
        (PreferDualStack, false, false, 2, Some((2, 2))),
        (PreferDualStack, true, true, 1, Some((1, 0))),
        (PreferDualStack, true, true, 2, Some((2, 0))),
        (PreferDualStack, true, false, 1, Some((2, 0))),
        (PreferDualStack, true, false, 2, Some((2, 0))),
        (RequireDualStack, false, true, 1, None),
        (RequireDualStack, false, true, 2, Some((2, 2))),
        (RequireDualStack, false, false, 1, None),
        (RequireDualStack, false, false, 2, Some((2, 2))),
        (RequireDualStack, true, true, 1, None),
        (RequireDualStack, true, true, 2, Some((2, 0))),
        (RequireDualStack, true, false, 1, Some((2, 0))),
        (RequireDualStack, true, false, 2, Some((2, 0))),
    ];
    let mut seen = std::collections::BTreeSet::new();
    for (policy, headless, selector, cluster, expected) in table {
        let stored = allocation(policy, headless, selector, cluster);
        let stored = stored.map(|stored| (stored.families, stored.cluster_ips));
        assert_eq!(stored, expected, "{policy}, headless {headless}, selector {selector}, {cluster} families");
        seen.insert((policy.to_string(), headless, selector, cluster));
    }
    assert_eq!(seen.len(), 3 * 2 * 2 * 2, "a combination is missing from the table");
    for policy in [SingleStack, PreferDualStack, RequireDualStack] {
        assert_eq!(allocation(policy, true, false, 0), None, "a cluster without a family allocates nothing");
    }
}

#[test]
fn families_stand_in_the_order_of_their_first_address() {
    let addresses = [ip("fd00::1"), ip("10.0.0.1"), ip("fd00::2")];
    assert_eq!(families_of(&addresses), [V6, V4]);
    assert_eq!(families_of(&addresses[..1]), [V6]);
    assert_eq!(families_of(&[]), []);
    assert_eq!((rank(&[V6, V4], V6), rank(&[V6, V4], V4), rank(&[V6], V4)), ("first", "second", "absent"));
}

#[test]
fn a_cluster_without_pod_cidrs_has_the_families_of_its_pods() {
    let pod = |host_network, ips: &[&str]| Pod {
        host_network,
        ips: ips.iter().map(|text| ip(text)).collect(),
        ..Pod::default()
    };
    let pods = vec![pod(true, &["172.18.0.2"]), pod(false, &["fd00::1", "10.0.0.1"])];
    let mut objects = Objects { pods, ..Objects::default() };
    assert_eq!(cluster_families(&objects), [V6, V4], "the host's address is not the cluster's");
    let Ok(cidr) = "10.244.0.0/24".parse() else { panic!("no CIDR") };
    objects.nodes.push(dualproof_model::evidence::Node { pod_cidrs: vec![cidr], ..Default::default() });
    assert_eq!(cluster_families(&objects), [V4], "podCIDRs come first");
    assert_eq!(cluster_families(&Objects::default()), []);
}

#[test]
fn wildcards_and_sources_follow_the_families() {
    assert_eq!(wildcards(&[V6, V4]), set(&["0.0.0.0", "::"]));
    assert_eq!(wildcards(&[V6]), set(&["::"]));
    assert_eq!(inbound_sources(&[V4, V6]), set(&["127.0.0.6", "::6"]));
    assert_eq!(inbound_sources(&[V4]), set(&["127.0.0.6"]));
    assert_eq!(infra_wildcards(InfraShape::BothFamilies, &[V6, V4]), set(&["::", "0.0.0.0"]));
    assert_eq!(infra_wildcards(InfraShape::FirstFamily, &[V6, V4]), set(&["::"]));
    assert_eq!(infra_wildcards(InfraShape::FirstFamily, &[V4, V6]), set(&["0.0.0.0"]));
    assert!(infra_wildcards(InfraShape::FirstFamily, &[]).is_empty());
}

#[test]
fn passthrough_clusters_are_one_or_one_for_each_family() {
    let names = |shape, families: &[IpFamily]| {
        let clusters = passthrough_clusters(shape, families);
        clusters.iter().map(|cluster| (cluster.name, cluster.family, cluster.sources.clone())).collect::<Vec<_>>()
    };
    let both = set(&["127.0.0.6", "::6"]);
    assert_eq!(names(PassthroughShape::Single, &[V4, V6]), [("InboundPassthroughCluster", None, both)]);
    let v4 = ("InboundPassthroughClusterIpv4", Some(V4), set(&["127.0.0.6"]));
    let v6 = ("InboundPassthroughClusterIpv6", Some(V6), set(&["::6"]));
    assert_eq!(names(PassthroughShape::PerFamily, &[V4, V6]), [v4, v6.clone()]);
    assert_eq!(names(PassthroughShape::PerFamily, &[V6]), [v6]);
}

#[test]
fn an_outbound_listener_is_named_by_the_first_usable_clusterip() {
    let vips = [ip("fd00:10:96::f9fc"), ip("10.96.106.11")];
    let dual = outbound_listener(&vips, 9000, &[V4, V6]);
    let told = |listener: Option<dualproof_model::truth::OutboundListener>| {
        listener.map(|listener| (listener.name, listener.first, listener.addresses))
    };
    let all = set(&["fd00:10:96::f9fc", "10.96.106.11"]);
    assert_eq!(told(dual), Some(("fd00:10:96::f9fc_9000".to_owned(), vips[0], all)));
    let v4_only = outbound_listener(&vips, 9000, &[V4]);
    assert_eq!(told(v4_only), Some(("10.96.106.11_9000".to_owned(), vips[1], set(&["10.96.106.11"]))));
    assert_eq!(outbound_listener(&vips[..1], 9000, &[V4]), None);
    assert_eq!(outbound_listener(&[], 9000, &[V4, V6]), None);
}

#[test]
fn repeats_are_of_the_same_address_port_and_protocol() {
    let tcp = |text: &str, port| SocketAddress { ip: ip(text), port, protocol: Protocol::Tcp };
    let udp = |text: &str, port| SocketAddress { protocol: Protocol::Udp, ..tcp(text, port) };
    let told = |listeners: &[(&'static str, Vec<SocketAddress>)]| {
        repeated(listeners.iter().map(|(name, addresses)| (*name, addresses.as_slice())))
            .into_iter()
            .map(|(address, names)| (address.to_string(), names.join(" and ")))
            .collect::<Vec<_>>()
    };
    let other_port_or_family_or_protocol =
        [("a", vec![tcp("0.0.0.0", 80), tcp("::", 80)]), ("b", vec![tcp("0.0.0.0", 81), udp("::", 80)])];
    assert_eq!(told(&other_port_or_family_or_protocol), []);
    assert_eq!(told(&[("a", vec![tcp("::", 80), tcp("::", 80)])]), [("[::]:80".to_owned(), "a and a".to_owned())]);
    let shared = [("a", vec![tcp("10.0.0.1", 80)]), ("b", vec![tcp("::", 80), tcp("10.0.0.1", 80)])];
    assert_eq!(told(&shared), [("10.0.0.1:80".to_owned(), "a and b".to_owned())]);
}

fn dual_service() -> Service {
    Service {
        meta: Meta { name: "echo".to_owned(), namespace: "n".to_owned(), ..Meta::default() },
        families: vec![V6, V4],
        cluster_ips: vec![ip("fd00:96::1"), ip("10.96.0.1")],
        selector: [("app".to_owned(), "echo".to_owned())].into(),
        ..Service::default()
    }
}

fn objects() -> Objects {
    let pod = |name: &str, ips: &[&str], ready| Pod {
        meta: Meta {
            name: name.to_owned(),
            namespace: "n".to_owned(),
            labels: [("app".to_owned(), "echo".to_owned())].into(),
            ..Meta::default()
        },
        ips: ips.iter().map(|text| ip(text)).collect(),
        ready,
        ..Pod::default()
    };
    let pods = vec![
        pod("dual", &["10.244.0.1", "fd00:244::1"], true),
        pod("one", &["10.244.0.2"], true),
        pod("sick", &["10.244.0.3", "fd00:244::3"], false),
    ];
    Objects { pods, ..Objects::default() }
}

#[test]
fn endpoints_are_grouped_by_shape_service_and_pod() {
    let objects = objects();
    let dual = dual_service();
    let groups = |service: &Service, shape| endpoint_groups(&objects, service, shape);
    let one = |text: &str| set(&[text]);
    let merged = [set(&["10.244.0.1", "fd00:244::1"]), one("10.244.0.2")];
    assert_eq!(groups(&dual, EndpointShape::Merged), merged);
    let split = [one("10.244.0.1"), one("10.244.0.2"), one("fd00:244::1")];
    assert_eq!(groups(&dual, EndpointShape::Split), split);
    // One clusterIP, or none: never merged (endpointslice.go asks for more than one).
    let single = Service { families: vec![V6], cluster_ips: vec![ip("fd00:96::1")], ..dual_service() };
    assert_eq!(groups(&single, EndpointShape::Merged), [one("fd00:244::1")]);
    let headless = Service { headless: true, cluster_ips: Vec::new(), ..dual_service() };
    assert_eq!(groups(&headless, EndpointShape::Merged), split);
    assert_eq!(endpoint_addresses(&objects, &dual), set(&["10.244.0.1", "10.244.0.2", "fd00:244::1"]));
    assert_eq!(endpoint_addresses(&objects, &single), set(&["fd00:244::1"]));
}

#[test]
fn written_addresses_count_only_without_a_selector() {
    let slice = EndpointSlice {
        meta: Meta { namespace: "n".to_owned(), ..Meta::default() },
        service: Some("echo".to_owned()),
        family: Some(V6),
        endpoints: vec![
            SliceEndpoint { addresses: vec![ip("fd00:99::1")], ready: true, pod: None },
            SliceEndpoint { addresses: vec![ip("fd00:99::2")], ready: false, pod: None },
        ],
        ports: vec![9000],
    };
    let objects = Objects { endpoint_slices: vec![slice], ..objects() };
    let with = dual_service();
    assert!(!endpoint_addresses(&objects, &with).contains(&ip("fd00:99::1")));
    let without = Service { selector: Default::default(), ..dual_service() };
    assert_eq!(endpoint_groups(&objects, &without, EndpointShape::Merged), [set(&["fd00:99::1"])]);
    let backends: Vec<Backend<'_>> = objects.backends_of(&without);
    assert!(backends.is_empty(), "no pod is named: {backends:?}");
}
