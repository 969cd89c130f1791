//! Pods without a mesh, on two nodes, and what they said of each other.

use std::net::IpAddr;

use dualproof_model::evidence::{
    AddressKind, Call, CallOutcome, CallStage, DnsQuestion, Evidence, PodRef, Service, ServicePort, Target,
};
use dualproof_model::family::{HostPort, IpFamily, IpFamilyPolicy};

use super::world::meta;
use super::{World, pod_ref};

const NAMESPACE: &str = "dualproof-baseline";

/// Adds the baseline's objects, calls and questions.
pub(super) fn add(world: &World, evidence: &mut Evidence) {
    let clients = [("client-node-1", 21), ("client-node-2", 22)];
    let servers = [("echo-node-1", 31), ("echo-node-2", 32)];
    for (name, number) in clients {
        evidence.objects.pods.push(world.pod(NAMESPACE, name, "client", number, &["client"]));
    }
    for (name, number) in servers {
        evidence.objects.pods.push(world.pod(NAMESPACE, name, "echo", number, &["echo"]));
    }
    let mut etcd = world.pod("kube-system", "etcd-node-1", "etcd", 1, &["etcd"]);
    etcd.host_network = true;
    etcd.ips = world.pair("172.18.0.1", "fc00:f853:ccd:e793::1");
    evidence.objects.pods.push(etcd);
    let services = [
        ("echo-prefer", IpFamilyPolicy::PreferDualStack, world.pair("10.96.0.60", "fd00:10:96::60")),
        ("echo-require", IpFamilyPolicy::RequireDualStack, world.pair("10.96.0.61", "fd00:10:96::61")),
    ];
    for (client, _) in clients {
        let client = pod_ref(NAMESPACE, client);
        for (server, number) in servers {
            for address in world.pod_ips(number) {
                evidence.calls.push(call(&client, server, AddressKind::PodIp, address));
            }
        }
        for (name, _, ips) in &services {
            for address in ips {
                evidence.calls.push(call(&client, name, AddressKind::ClusterIp, *address));
            }
        }
        for address in &services[1].2 {
            evidence.dns.push(question(&client, *address));
        }
    }
    for (name, policy, ips) in services {
        evidence.objects.services.push(Service {
            meta: meta(NAMESPACE, name, "echo", "services"),
            policy: Some(policy),
            families: world.order.families().to_vec(),
            cluster_ip: ips.first().copied(),
            cluster_ips: ips,
            headless: false,
            kind: "ClusterIP".to_owned(),
            selector: [("app".to_owned(), "echo".to_owned())].into(),
            ports: vec![ServicePort {
                name: "tcp".to_owned(),
                port: 9000,
                protocol: "TCP".to_owned(),
                ..ServicePort::default()
            }],
        });
    }
}

fn call(client: &PodRef, target: &str, kind: AddressKind, address: IpAddr) -> Call {
    Call {
        id: format!("baseline/{}/{target}/{address}", client.name),
        scenario: "environment/baseline".to_owned(),
        stage: CallStage::Baseline,
        client: client.clone(),
        container: "client".to_owned(),
        target: Target { namespace: NAMESPACE.to_owned(), name: target.to_owned(), port: 9000 },
        address_kind: kind,
        address: HostPort::ip(address, 9000).host.to_string(),
        family: Some(IpFamily::of(&address)),
        argv: vec!["nc".to_owned()],
        reply: Some("hello baseline".to_owned()),
        outcome: CallOutcome::Exited(0),
        stdout: "hello baseline\n".to_owned(),
        stderr: String::new(),
        millis: 3,
    }
}

fn question(client: &PodRef, answer: IpAddr) -> DnsQuestion {
    let family = IpFamily::of(&answer);
    DnsQuestion {
        id: format!("baseline/{}/{}", client.name, family.record_type()),
        client: client.clone(),
        name: format!("echo-require.{NAMESPACE}.svc.cluster.local"),
        target: Target { namespace: NAMESPACE.to_owned(), name: "echo-require".to_owned(), port: 9000 },
        family,
        answers: vec![answer],
        outcome: CallOutcome::Exited(0),
        millis: 4,
    }
}
