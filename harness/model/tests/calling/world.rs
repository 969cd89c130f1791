//! A cluster of two nodes: three clients, and before servers with and without sidecars a Service of each kind.

use std::net::IpAddr;

use dualproof_model::evidence::{Meta, Node, Objects, Pod, PodRef, Service, ServicePort};
use dualproof_model::family::{FamilyOrder, IpFamily, IpFamilyPolicy, parse_ip};
use dualproof_model::matrix::{
    CallCell, Called, CalledPort, Caller, ClientKind, PortKind, Roster, ServerKind, TargetKind, expand,
};
use dualproof_model::spec::EndpointShape;
use dualproof_model::truth::{MeshWorld, Mtls, Outbound, World};
use dualproof_wire::{Bind, Protocol};

pub(super) const ORDERS: [FamilyOrder; 2] = [FamilyOrder::V4First, FamilyOrder::V6First];
pub(super) const RUN: &str = "run-1";
pub(super) const PERMISSIVE: World = mesh(EndpointShape::Merged, Mtls::Permissive, Outbound::AllowAny);
pub(super) const STRICT: World = mesh(EndpointShape::Merged, Mtls::Strict, Outbound::AllowAny);

/// The world of a mesh.
pub(super) const fn mesh(endpoints: EndpointShape, mtls: Mtls, outbound: Outbound) -> World {
    World { mesh: Some(MeshWorld { endpoints, mtls, outbound }) }
}

pub(super) fn ip(text: &str) -> IpAddr {
    parse_ip(text).unwrap_or_else(|error| panic!("{error}"))
}

pub(super) fn pod_ref(namespace: &str, name: &str) -> PodRef {
    PodRef { namespace: namespace.to_owned(), name: name.to_owned() }
}

/// Each kind of target with its Service's name and whether it is headless.
pub(super) const TARGETS: [(TargetKind, &str); 7] = [
    (TargetKind::DualV4V6, "dual-v4v6"),
    (TargetKind::DualV6V4, "dual-v6v4"),
    (TargetKind::PreferDual, "prefer"),
    (TargetKind::SingleV4, "single-v4"),
    (TargetKind::SingleV6, "single-v6"),
    (TargetKind::HeadlessDual, "headless-dual"),
    (TargetKind::HeadlessSingle, "headless-single"),
];

/// The live objects. Headless Services have pods of their own, for their ports give clients listeners on podIPs.
pub(super) fn objects(order: FamilyOrder) -> Objects {
    let mut objects = Objects { nodes: vec![node(order, "node-1", 1), node(order, "node-2", 2)], ..Objects::default() };
    objects.pods.push(pod(order, "clients", "meshed", 10, true));
    objects.pods.push(pod(order, "clients", "naked", 11, false));
    for (namespace, base, meshed) in [("meshed", 20, true), ("naked", 30, false)] {
        for (name, number) in [("echo-1", 0), ("echo-2", 1), ("dual-1", 2), ("single-1", 3)] {
            objects.pods.push(pod(order, namespace, name, base + number, meshed));
        }
        for (index, (kind, name)) in TARGETS.into_iter().enumerate() {
            objects.services.push(service(order, namespace, name, kind, base + u8::try_from(index).unwrap_or(0)));
        }
    }
    objects
}

/// A roster of all clients, both servers and all targets, whose servers listen in one way.
pub(super) fn roster(bind: Bind, protocol: Protocol, meshed: bool) -> Roster {
    let caller = |name: &str, kind| {
        let pod = (kind != ClientKind::Outside).then(|| pod_ref("clients", name));
        Caller { name: name.to_owned(), kind, pod }
    };
    let ports = [(9000, PortKind::Declared), (9001, PortKind::Second), (9002, PortKind::Undeclared)];
    let target = |namespace: &str, server, (kind, name): (TargetKind, &str)| {
        let headless = matches!(kind, TargetKind::HeadlessDual | TargetKind::HeadlessSingle);
        let ports = ports.map(|(number, kind)| CalledPort {
            number,
            kind,
            protocol,
            bind,
            node_port: (kind != PortKind::Undeclared && !headless).then_some(number + 21000),
        });
        Called { namespace: namespace.to_owned(), service: name.to_owned(), kind, server, ports: ports.to_vec() }
    };
    let mut targets: Vec<Called> =
        TARGETS.into_iter().map(|target_kind| target("meshed", ServerKind::Meshed, target_kind)).collect();
    targets.extend(TARGETS.into_iter().map(|target_kind| target("naked", ServerKind::Naked, target_kind)));
    Roster {
        meshed,
        outside: true,
        clients: vec![
            caller("meshed", ClientKind::Meshed),
            caller("naked", ClientKind::Naked),
            caller("outside", ClientKind::Outside),
        ],
        targets,
    }
}

/// The cells of a roster that fits.
pub(super) fn cells(roster: &Roster, objects: &Objects) -> Vec<CallCell> {
    let expansion = expand(roster, objects);
    assert_eq!(expansion.gaps, []);
    expansion.cells
}

/// The objects of a cluster without a mesh: the same pods, without sidecars.
pub(super) fn without_mesh(mut objects: Objects) -> Objects {
    for pod in &mut objects.pods {
        pod.containers.retain(|name| name != "istio-proxy");
    }
    objects
}

/// One address of each family, in the cluster's order.
fn pair(order: FamilyOrder, v4: &str, v6: &str) -> Vec<IpAddr> {
    let of = |family| if family == IpFamily::IPv4 { ip(v4) } else { ip(v6) };
    order.families().iter().copied().map(of).collect()
}

fn pod(order: FamilyOrder, namespace: &str, name: &str, number: u8, meshed: bool) -> Pod {
    let app = name.split('-').next().unwrap_or_default();
    let sidecar = meshed.then_some("istio-proxy");
    Pod {
        meta: meta(namespace, name, app),
        ips: pair(order, &format!("10.244.0.{number}"), &format!("fd00:10:244::{number:x}")),
        ready: true,
        phase: "Running".to_owned(),
        node: format!("node-{}", 1 + number % 2),
        service_account: "echo".to_owned(),
        containers: ["agent"].into_iter().chain(sidecar).map(str::to_owned).collect(),
        ..Pod::default()
    }
}

fn service(order: FamilyOrder, namespace: &str, name: &str, kind: TargetKind, number: u8) -> Service {
    use IpFamily::{IPv4, IPv6};
    let (policy, families, app) = match kind {
        TargetKind::DualV4V6 => (IpFamilyPolicy::RequireDualStack, vec![IPv4, IPv6], "echo"),
        TargetKind::DualV6V4 => (IpFamilyPolicy::RequireDualStack, vec![IPv6, IPv4], "echo"),
        TargetKind::PreferDual => (IpFamilyPolicy::PreferDualStack, order.families().to_vec(), "echo"),
        TargetKind::SingleV4 => (IpFamilyPolicy::SingleStack, vec![IPv4], "echo"),
        TargetKind::SingleV6 => (IpFamilyPolicy::SingleStack, vec![IPv6], "echo"),
        TargetKind::HeadlessDual => (IpFamilyPolicy::RequireDualStack, order.families().to_vec(), "dual"),
        TargetKind::HeadlessSingle => (IpFamilyPolicy::SingleStack, vec![IPv4], "single"),
    };
    let headless = matches!(kind, TargetKind::HeadlessDual | TargetKind::HeadlessSingle);
    let address = |family: &IpFamily| match family {
        IPv4 => ip(&format!("10.96.0.{number}")),
        IPv6 => ip(&format!("fd00:10:96::{number:x}")),
    };
    let cluster_ips: Vec<IpAddr> = if headless { Vec::new() } else { families.iter().map(address).collect() };
    let port = |name: &str, port| ServicePort {
        name: name.to_owned(),
        port,
        protocol: "TCP".to_owned(),
        ..Default::default()
    };
    Service {
        meta: meta(namespace, name, app),
        policy: Some(policy),
        families,
        cluster_ip: cluster_ips.first().copied(),
        cluster_ips,
        headless,
        kind: if headless { "ClusterIP" } else { "NodePort" }.to_owned(),
        selector: [("app".to_owned(), app.to_owned())].into(),
        ports: vec![port("tcp", 9000), port("tcp-other", 9001)],
    }
}

fn node(order: FamilyOrder, name: &str, number: u8) -> Node {
    Node {
        meta: meta("", name, ""),
        internal_ips: pair(order, &format!("172.18.0.{number}"), &format!("fc00:f853:ccd:e793::{number}")),
        ..Node::default()
    }
}

fn meta(namespace: &str, name: &str, app: &str) -> Meta {
    Meta {
        name: name.to_owned(),
        uid: format!("uid-{name}"),
        namespace: namespace.to_owned(),
        labels: [("app".to_owned(), app.to_owned())].into(),
        ..Meta::default()
    }
}
