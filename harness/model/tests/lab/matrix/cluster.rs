//! The objects, and the scenario that wants them.

use std::net::IpAddr;

use dualproof_model::evidence::{Meta, Node, Objects, Pod, PodRef, Service, ServicePort};
use dualproof_model::family::{FamilyOrder, IpFamily, IpFamilyPolicy};
use dualproof_wire::{Bind, Protocol};

use super::MatrixWorld;
use crate::lab::ip;

/// The scenario's matrix. What each server is bound to stands a second time in [`bound`].
pub(super) const MATRIX: &str = "
matrix:
  clients:
  - {name: meshed, kind: meshed, namespace: callers, manifest: samples/client.yaml, app: caller, container: agent}
  - {name: naked, kind: naked, namespace: callers-naked, manifest: samples/client.yaml, app: caller, container: agent}
  - name: listed
    kind: meshed
    namespace: callers-listed
    manifest: samples/client.yaml
    app: caller
    container: agent
    outbound: registry-only
  - {name: outside, kind: outside}
  targets:
  - namespace: agents
    manifest: samples/servers.yaml
    service: dual-v4v6
    kind: dual-v4-v6
    server: meshed
    ports:
    - {number: 9000, kind: declared, protocol: tcp, bind: dual-any}
    - {number: 9025, kind: second, protocol: tcp-server-first, bind: dual-any}
    - {number: 9053, kind: second, protocol: udp, bind: dual-any}
    - {number: 9003, kind: undeclared, protocol: tcp, bind: dual-any}
  - namespace: agents
    manifest: samples/servers.yaml
    service: dual-v6v4
    kind: dual-v6-v4
    server: meshed
    ports:
    - {number: 9000, kind: declared, protocol: tcp, bind: dual-any}
    - {number: 9001, kind: second, protocol: tcp, bind: v4-any}
    - {number: 9002, kind: second, protocol: tcp, bind: v6-only}
    - {number: 9004, kind: second, protocol: tcp, bind: {address: '::1'}}
  - namespace: agents
    manifest: samples/servers.yaml
    service: single-v4
    kind: single-v4
    server: meshed
    ports: [{number: 9000, kind: declared, protocol: tcp, bind: dual-any}]
  - namespace: agents
    manifest: samples/servers.yaml
    service: single-v6
    kind: single-v6
    server: meshed
    ports: [{number: 9000, kind: declared, protocol: tcp, bind: dual-any}]
  - namespace: agents
    manifest: samples/servers.yaml
    service: headless
    kind: headless-dual
    server: meshed
    ports: [{number: 9000, kind: declared, protocol: tcp, bind: dual-any}]
  - namespace: agents-naked
    manifest: samples/servers.yaml
    service: dual-v6v4
    kind: dual-v6-v4
    server: naked
    ports:
    - {number: 9000, kind: declared, protocol: tcp, bind: dual-any}
    - {number: 9025, kind: second, protocol: tcp-server-first, bind: dual-any}
    - {number: 9053, kind: second, protocol: udp, bind: dual-any}
    - {number: 9001, kind: second, protocol: tcp, bind: v4-any}
    - {number: 9003, kind: undeclared, protocol: tcp, bind: dual-any}
  - namespace: agents-naked
    manifest: samples/servers.yaml
    service: headless
    kind: headless-dual
    server: naked
    ports: [{number: 9000, kind: declared, protocol: tcp, bind: dual-any}]
  - namespace: agents-strict
    manifest: samples/servers.yaml
    service: dual-v6v4
    kind: dual-v6-v4
    server: meshed
    mtls: strict
    ports:
    - {number: 9000, kind: declared, protocol: tcp, bind: dual-any}
    - {number: 9025, kind: second, protocol: tcp-server-first, bind: dual-any}
    - {number: 9053, kind: second, protocol: udp, bind: dual-any}
";

/// The namespace whose servers demand mTLS.
pub(super) const STRICT: &str = "agents-strict";
/// The namespace whose clients refuse destinations that they do not know.
pub(super) const LISTED: &str = "callers-listed";

/// What a server's port is bound to; `None` where nobody listens.
pub(super) fn bound(port: u16) -> Option<Bind> {
    match port {
        9000 | 9003 | FIRST | DATAGRAM => Some(Bind::DualAny),
        9001 => Some(Bind::V4Any),
        9002 => Some(Bind::V6Only),
        9004 => Some(Bind::Address(ip("::1"))),
        _ => None,
    }
}

/// The port on which servers speak first.
const FIRST: u16 = 9025;
/// The port of datagrams.
const DATAGRAM: u16 = 9053;

/// What a server's port speaks.
pub(super) fn spoken(port: u16) -> Protocol {
    match port {
        FIRST => Protocol::TcpServerFirst,
        DATAGRAM => Protocol::Udp,
        _ => Protocol::Tcp,
    }
}

/// The ports of each Service.
const NAMED: [u16; 6] = [9000, 9001, 9002, 9004, FIRST, DATAGRAM];

pub(super) fn objects(world: MatrixWorld) -> Objects {
    let mut objects = Objects { nodes: vec![node(world, 1), node(world, 2)], ..Objects::default() };
    objects.pods.push(pod(world, "callers", "caller-1", 10));
    objects.pods.push(pod(world, "callers-naked", "caller-1", 11));
    objects.pods.push(pod(world, LISTED, "caller-1", 12));
    for (namespace, base) in [("agents", 20), ("agents-naked", 30), (STRICT, 40)] {
        for (name, number) in [("echo-1", 0), ("echo-2", 1), ("lone-1", 2)] {
            objects.pods.push(pod(world, namespace, name, base + number));
        }
    }
    use IpFamily::{IPv4, IPv6};
    let services: [(&str, &str, u8, &[IpFamily]); 8] = [
        ("agents", "dual-v4v6", 1, &[IPv4, IPv6]),
        ("agents", "dual-v6v4", 2, &[IPv6, IPv4]),
        ("agents", "single-v4", 3, &[IPv4]),
        ("agents", "single-v6", 4, &[IPv6]),
        ("agents", "headless", 0, world.order.families()),
        ("agents-naked", "dual-v6v4", 5, &[IPv6, IPv4]),
        ("agents-naked", "headless", 0, world.order.families()),
        (STRICT, "dual-v6v4", 6, &[IPv6, IPv4]),
    ];
    objects.services =
        services.map(|(namespace, name, number, families)| service(namespace, name, number, families)).to_vec();
    objects
}

/// One address of each family, in the cluster's order.
fn pair(order: FamilyOrder, v4: &str, v6: &str) -> Vec<IpAddr> {
    let of = |family| if family == IpFamily::IPv4 { ip(v4) } else { ip(v6) };
    order.families().iter().copied().map(of).collect()
}

fn node(world: MatrixWorld, number: u8) -> Node {
    let cidrs = [format!("10.244.{number}.0/24"), format!("fd00:10:244:{number}::/64")];
    let mut pod_cidrs: Vec<ipnet::IpNet> = cidrs.iter().filter_map(|text| text.parse().ok()).collect();
    if world.order == FamilyOrder::V6First {
        pod_cidrs.reverse();
    }
    Node {
        meta: meta("", &format!("node-{number}"), ""),
        internal_ips: pair(world.order, &format!("172.18.0.{number}"), &format!("fc00:f853:ccd:e793::{number}")),
        pod_cidrs,
        ..Node::default()
    }
}

fn pod(world: MatrixWorld, namespace: &str, name: &str, number: u8) -> Pod {
    let app = name.split('-').next().unwrap_or_default();
    let has_sidecar = world.meshed && !namespace.ends_with("-naked");
    Pod {
        meta: meta(namespace, name, app),
        ips: pair(world.order, &format!("10.244.0.{number}"), &format!("fd00:10:244::{number:x}")),
        ready: true,
        phase: "Running".to_owned(),
        node: format!("node-{}", 1 + number % 2),
        service_account: format!("{app}-account"),
        containers: ["agent"].into_iter().chain(has_sidecar.then_some("istio-proxy")).map(str::to_owned).collect(),
        ..Pod::default()
    }
}

fn service(namespace: &str, name: &str, number: u8, families: &[IpFamily]) -> Service {
    let headless = number == 0;
    let of = |family: &IpFamily| match family {
        IpFamily::IPv4 => ip(&format!("10.96.0.{number}")),
        IpFamily::IPv6 => ip(&format!("fd00:10:96::{number:x}")),
    };
    let cluster_ips: Vec<IpAddr> = if headless { Vec::new() } else { families.iter().map(of).collect() };
    let port = |port: u16| ServicePort {
        name: format!("tcp-{port}"),
        port,
        protocol: if spoken(port) == Protocol::Udp { "UDP" } else { "TCP" }.to_owned(),
        node_port: (!headless).then_some(21_000 + port + u16::from(number) * 10),
        ..ServicePort::default()
    };
    let (kind, app) = if headless { ("ClusterIP", "lone") } else { ("NodePort", "echo") };
    Service {
        meta: meta(namespace, name, app),
        policy: Some(if families.len() > 1 { IpFamilyPolicy::RequireDualStack } else { IpFamilyPolicy::SingleStack }),
        families: families.to_vec(),
        cluster_ip: cluster_ips.first().copied(),
        cluster_ips,
        headless,
        kind: kind.to_owned(),
        selector: [("app".to_owned(), app.to_owned())].into(),
        ports: NAMED.map(port).to_vec(),
    }
}

fn meta(namespace: &str, name: &str, app: &str) -> Meta {
    Meta {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        uid: format!("uid-{namespace}-{name}"),
        labels: [("app".to_owned(), app.to_owned())].into(),
        place: format!("objects/all.json#{namespace}/{name}"),
        ..Meta::default()
    }
}

/// Names a pod as a certificate does.
pub(super) fn spiffe(objects: &Objects, pod: &PodRef) -> String {
    let account = objects.pod(pod).map(|pod| pod.service_account.as_str()).unwrap_or_default();
    format!("spiffe://cluster.local/ns/{}/sa/{account}", pod.namespace)
}
