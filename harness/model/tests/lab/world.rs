//! A cluster of two nodes, a client, two servers behind one Service.

use std::net::IpAddr;

use dualproof_model::evidence::{
    AddressKind, Call, CallOutcome, CallStage, EndpointSlice, Evidence, Manifest, Meta, Node, Pod, ProxySync, Service,
    ServicePort, SliceEndpoint, SyncState, Target, TypeSync,
};
use dualproof_model::family::{FamilyOrder, IpFamily, IpFamilyPolicy};
use dualproof_model::plan::Cell;
use dualproof_model::spec::{self, EndpointShape, InfraShape, PassthroughShape, Scenario, Shapes};

use super::{baseline, ip, netns, pod_ref, proxies};

/// The client's pod.
pub(crate) const CLIENT: &str = "curl-1";
/// The first of the servers.
pub(crate) const SERVER: &str = "tcp-echo-1";
/// Both.
pub(crate) const SERVERS: [&str; 2] = ["tcp-echo-1", "tcp-echo-2"];
/// The shapes of Istio 1.24 and later.
pub(crate) const MERGED: Shapes = Shapes {
    endpoints: EndpointShape::Merged,
    infra_listeners: InfraShape::BothFamilies,
    inbound_passthrough: PassthroughShape::Single,
};
/// The shapes of Istio 1.17.
pub(crate) const OLD: Shapes = Shapes {
    endpoints: EndpointShape::Split,
    infra_listeners: InfraShape::FirstFamily,
    inbound_passthrough: PassthroughShape::PerFamily,
};

/// What the cluster is like.
#[derive(Clone, Debug)]
pub(crate) struct World {
    /// The order of the cluster's families.
    pub(crate) order: FamilyOrder,
    /// `ipFamilies` of the Service, and the scenario's claim.
    pub(crate) service: Vec<IpFamily>,
    /// The shapes of the mesh's version.
    pub(crate) shapes: Shapes,
}

impl World {
    /// The seed's own: an IPv6-first Service.
    pub(crate) fn seed(order: FamilyOrder) -> Self {
        Self { order, service: vec![IpFamily::IPv6, IpFamily::IPv4], shapes: MERGED }
    }

    /// The same with another Service.
    pub(crate) fn serving(self, service: &[IpFamily]) -> Self {
        Self { service: service.to_vec(), ..self }
    }

    /// Puts one address of each family into the cluster's order.
    pub(crate) fn pair(&self, v4: &str, v6: &str) -> Vec<IpAddr> {
        let of = |family| if family == IpFamily::IPv4 { ip(v4) } else { ip(v6) };
        self.order.families().iter().copied().map(of).collect()
    }

    /// The podIPs of the pod with a number, in their order.
    pub(crate) fn pod_ips(&self, number: u8) -> Vec<IpAddr> {
        self.pair(&format!("10.244.0.{number}"), &format!("fd00:10:244::{number}"))
    }

    /// The clusterIPs of the Service, in their order.
    pub(crate) fn vips(&self) -> Vec<IpAddr> {
        self.service
            .iter()
            .map(|family| if *family == IpFamily::IPv4 { ip("10.96.0.50") } else { ip("fd00:10:96::50") })
            .collect()
    }

    /// The scenario whose claim the evidence fulfils.
    pub(crate) fn scenario(&self) -> Scenario {
        let families: Vec<String> = self.service.iter().map(ToString::to_string).collect();
        let text = format!(
            "title: it holds\nserver: {{ namespace: servers, manifest: samples/echo.yaml, service: tcp-echo }}\n\
             client: {{ namespace: clients, manifest: samples/curl.yaml, app: curl, container: curl }}\n\
             claim: {{ ipFamilyPolicy: {}, ipFamilies: [{}] }}\n\
             calls: [{{ name: by-name, port: 9000, command: [nc, tcp-echo.servers, '9000'], reply: hello there }}]\n\
             checks: [K06]\n",
            self.policy(),
            families.join(", ")
        );
        spec::scenario("scenarios/seed/echo.yaml", &text).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Evidence over which every check is green.
    pub(crate) fn evidence(&self) -> Evidence {
        let mut evidence = Evidence {
            manifest: Manifest { cell: Cell { order: self.order, nodes: 2, ..Cell::default() }, ..Manifest::default() },
            calls: vec![self.call()],
            sync: Some(SyncState { proxies: Vec::new() }),
            ..Evidence::default()
        };
        evidence.objects.nodes = vec![self.node("node-1", 1), self.node("node-2", 2)];
        evidence.objects.services = vec![self.service()];
        evidence.objects.endpoint_slices = self.service.iter().map(|family| self.slice(*family)).collect();
        for (namespace, name, number) in
            [("clients", CLIENT, 7), ("servers", SERVERS[0], 8), ("servers", SERVERS[1], 9)]
        {
            let app = if namespace == "clients" { "curl" } else { "tcp-echo" };
            evidence.objects.pods.push(self.pod(namespace, name, app, number, &[app, "istio-init", "istio-proxy"]));
            evidence.proxies.push(proxies::proxy(self, namespace, name, number));
            evidence.netns.push(netns::netns(self, namespace, name, number));
            if let Some(sync) = &mut evidence.sync {
                sync.proxies.push(synced(&format!("{name}.{namespace}")));
            }
        }
        baseline::add(self, &mut evidence);
        evidence
    }

    /// A pod that runs.
    pub(crate) fn pod(&self, namespace: &str, name: &str, app: &str, number: u8, containers: &[&str]) -> Pod {
        Pod {
            meta: meta(namespace, name, app, "pods"),
            ips: self.pod_ips(number),
            ready: true,
            phase: "Running".to_owned(),
            node: if number.is_multiple_of(2) { "node-2" } else { "node-1" }.to_owned(),
            containers: containers.iter().map(|name| (*name).to_owned()).collect(),
            ..Pod::default()
        }
    }

    fn policy(&self) -> IpFamilyPolicy {
        if self.service.len() > 1 { IpFamilyPolicy::RequireDualStack } else { IpFamilyPolicy::SingleStack }
    }

    fn node(&self, name: &str, number: u8) -> Node {
        let cidrs = [format!("10.244.{number}.0/24"), format!("fd00:10:244:{number}::/64")];
        let mut pod_cidrs: Vec<ipnet::IpNet> = cidrs.iter().filter_map(|text| text.parse().ok()).collect();
        if self.order == FamilyOrder::V6First {
            pod_cidrs.reverse();
        }
        Node {
            meta: meta("", name, "", "nodes"),
            internal_ips: self.pair(&format!("172.18.0.{number}"), &format!("fc00:f853:ccd:e793::{number}")),
            pod_cidrs,
            kubelet: "v1.36.1".to_owned(),
        }
    }

    fn service(&self) -> Service {
        let port = |name: &str, port| ServicePort {
            name: name.to_owned(),
            port,
            protocol: "TCP".to_owned(),
            ..ServicePort::default()
        };
        Service {
            meta: meta("servers", "tcp-echo", "tcp-echo", "services"),
            policy: Some(self.policy()),
            families: self.service.clone(),
            cluster_ips: self.vips(),
            cluster_ip: self.vips().first().copied(),
            headless: false,
            kind: "ClusterIP".to_owned(),
            selector: [("app".to_owned(), "tcp-echo".to_owned())].into(),
            ports: vec![port("tcp", 9000), port("tcp-other", 9001), port("http-web", 8080)],
        }
    }

    fn slice(&self, family: IpFamily) -> EndpointSlice {
        let endpoints = [(SERVERS[0], 8), (SERVERS[1], 9)].map(|(name, number)| SliceEndpoint {
            addresses: self.pod_ips(number).into_iter().filter(|address| IpFamily::of(address) == family).collect(),
            ready: true,
            pod: Some(pod_ref("servers", name)),
        });
        EndpointSlice {
            meta: meta("servers", &format!("tcp-echo-{family}"), "tcp-echo", "endpointslices"),
            service: Some("tcp-echo".to_owned()),
            family: Some(family),
            endpoints: endpoints.to_vec(),
            ports: vec![9000, 9001, 8080],
        }
    }

    fn call(&self) -> Call {
        Call {
            id: "seed/echo/by-name".to_owned(),
            scenario: "seed/echo".to_owned(),
            stage: CallStage::Mesh,
            client: pod_ref("clients", CLIENT),
            container: "curl".to_owned(),
            target: Target { namespace: "servers".to_owned(), name: "tcp-echo".to_owned(), port: 9000 },
            address_kind: AddressKind::Name,
            address: "tcp-echo.servers".to_owned(),
            family: None,
            argv: vec!["nc".to_owned()],
            reply: Some("hello there".to_owned()),
            outcome: CallOutcome::Exited(0),
            stdout: "hello there\n".to_owned(),
            stderr: String::new(),
            millis: 12,
        }
    }
}

/// What an object says of itself.
pub(super) fn meta(namespace: &str, name: &str, app: &str, file: &str) -> Meta {
    Meta {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        labels: [("app".to_owned(), app.to_owned())].into(),
        place: format!("objects/{file}.json#/items/0"),
        ..Meta::default()
    }
}

fn synced(name: &str) -> ProxySync {
    let nonce = |kind: &str| TypeSync { sent: format!("{kind}-1"), acked: format!("{kind}-1"), error: String::new() };
    let types = ["Cluster", "Listener", "ClusterLoadAssignment", "RouteConfiguration"];
    ProxySync {
        proxy: name.to_owned(),
        version: "1.31.0".to_owned(),
        types: types.map(|kind| (kind.to_owned(), nonce(kind))).into(),
        place: format!("mesh/syncz.json#{name}"),
    }
}
