//! The cluster's DNS: one zone, answered by every node at the addresses of `kube-dns`, so that a question leaves no node.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use dualproof_model::family::IpFamily;
use dualproof_netns::link::Change;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{Node, plan};
use crate::dns::{Objects, Server, Switch, Zone, serve};
use crate::node::NodeError;
use crate::node::settings::DOMAIN;
use crate::store::{Key, Refusal, Selector, Store, WriteOptions, resource};

const NAMESPACE: &str = "kube-system";
const NAME: &str = "kube-dns";
const PORT: u16 = 53;

/// As kind's Corefile has it, in seconds.
const TTL: u32 = 30;

/// The zone, and who answers from it.
#[derive(Debug)]
pub(in crate::node) struct Names {
    store: Store,
    zone: watch::Sender<Arc<Zone>>,
    serial: u32,
    _servers: Vec<Server>,
}

impl Names {
    /// Registers `kube-dns` at these addresses, the first family first, and answers there on every node. Inside a tokio runtime.
    pub(in crate::node) fn start(store: &Store, nodes: &[Arc<Node>], addresses: &[IpAddr]) -> Result<Self, NodeError> {
        register(store, nodes, addresses)?;
        let zone = watch::Sender::new(Arc::new(zone(store, 1)?));
        let mut servers = Vec::new();
        for node in nodes {
            let own: Vec<Change> =
                addresses.iter().map(|address| Change::address("lo", plan::single(*address))).collect();
            node.namespace().apply(&own)?;
            for address in addresses.iter().copied().chain(node.addresses()) {
                let place = SocketAddr::new(address, PORT);
                let (udp, tcp) = (node.namespace().datagrams(place)?, node.namespace().listen(place)?);
                servers.push(serve(zone.subscribe(), udp, tcp)?);
            }
        }
        Ok(Self { store: store.clone(), zone, serial: 1, _servers: servers })
    }

    /// Makes the zone anew of what the store holds. One that cannot be made leaves the old one.
    pub(super) fn renew(&mut self) {
        let serial = self.serial.wrapping_add(1);
        if let Ok(zone) = zone(&self.store, serial) {
            self.serial = serial;
            self.zone.send_replace(Arc::new(zone));
        }
    }
}

fn zone(store: &Store, serial: u32) -> Result<Zone, NodeError> {
    let all = |resource: &str| store.list(resource, None, &Selector::default()).items;
    let objects = Objects {
        namespaces: &all(resource::NAMESPACES),
        services: &all(resource::SERVICES),
        endpoint_slices: &all(resource::ENDPOINT_SLICES),
    };
    // What is left out is what no resolver could be told either: the objects passed the API.
    let zone = objects.build(DOMAIN, TTL, serial)?.zone;
    // The store refused what cannot be read.
    let switched = store.get(&Switch::key()).ok();
    Ok(zone.with_faults(Switch::read(switched.as_deref()).unwrap_or_default()))
}

/// Makes the Service, and slices that say that the nodes are who answers.
fn register(store: &Store, nodes: &[Arc<Node>], addresses: &[IpAddr]) -> Result<(), NodeError> {
    let families: Vec<String> = addresses.iter().map(|address| IpFamily::of(address).to_string()).collect();
    let policy = if families.len() > 1 { "RequireDualStack" } else { "SingleStack" };
    let labels =
        json!({ "k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS" });
    let service = json!({
        "metadata": { "name": NAME, "labels": labels },
        "spec": {
            "clusterIP": addresses.first().map(ToString::to_string),
            "clusterIPs": addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "ipFamilies": families, "ipFamilyPolicy": policy,
            "ports": [
                { "name": "dns", "port": PORT, "targetPort": PORT, "protocol": "UDP" },
                { "name": "dns-tcp", "port": PORT, "targetPort": PORT, "protocol": "TCP" },
            ],
        },
    });
    create(store, resource::SERVICES, NAME, service)?;
    for family in families {
        let own = |address: &IpAddr| IpFamily::of(address).to_string() == family;
        let endpoints: Vec<Value> = nodes
            .iter()
            .map(|node| {
                let addresses: Vec<String> = node.addresses().iter().filter(|address| own(address)).map(ToString::to_string).collect();
                json!({ "addresses": addresses, "conditions": { "ready": true, "serving": true, "terminating": false }, "nodeName": node.name() })
            })
            .collect();
        let name = format!("{NAME}-{}", family.to_lowercase());
        let slice = json!({
            "metadata": { "name": name, "labels": { "kubernetes.io/service-name": NAME, "k8s-app": "kube-dns" } },
            "addressType": family, "endpoints": endpoints,
            "ports": [
                { "name": "dns", "port": PORT, "protocol": "UDP" }, { "name": "dns-tcp", "port": PORT, "protocol": "TCP" },
            ],
        });
        create(store, resource::ENDPOINT_SLICES, &name, slice)?;
    }
    Ok(())
}

fn create(store: &Store, resource: &str, name: &str, object: Value) -> Result<(), NodeError> {
    match store.create(&Key::new(resource, NAMESPACE, name), object, &WriteOptions::default()) {
        Ok(_) | Err(Refusal::AlreadyExists { .. }) => Ok(()),
        Err(source) => Err(NodeError::Register { object: format!("{NAMESPACE}/{name}"), source }),
    }
}
