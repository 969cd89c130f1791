//! Nodes, and what joins them.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dualproof_model::family::IpFamily;
use dualproof_netns::link::{Change, Route, RouteKind, Veth};
use dualproof_netns::{Namespace, NetnsError};
use ipnet::IpNet;
use tokio::sync::Notify;

use super::leases::Leases;
use super::plan;

/// The interface of a node to the fabric.
const UPLINK: &str = "eth0";

/// A network that routes between nodes, and the nodes.
#[derive(Debug)]
pub(in crate::node) struct Fabric {
    /// Holds the network; nothing runs there.
    _fabric: Namespace,
    nodes: Vec<Arc<Node>>,
}

/// A node: a network that routes to its pods.
#[derive(Debug)]
pub struct Node {
    name: String,
    index: u8,
    families: Vec<IpFamily>,
    namespace: Arc<Namespace>,
    leases: Mutex<Leases>,
    links: AtomicU32,
    /// Told when a pod's number is given back.
    freed: Notify,
}

impl Fabric {
    /// Makes nodes with these names.
    pub(in crate::node) fn new(names: &[String], families: &[IpFamily]) -> Result<Self, NetnsError> {
        let fabric = Namespace::new("fabric")?;
        route(&fabric, families)?;
        let own = families.iter().map(|family| Change::address("lo", plan::single(plan::fabric(*family))));
        fabric.apply(&own.collect::<Vec<_>>())?;
        let mut nodes = Vec::new();
        let mut links = Vec::new();
        for (index, name) in (0..=u8::MAX).zip(names) {
            let namespace = Namespace::new(name)?;
            route(&namespace, families)?;
            let far = format!("node{index}");
            let pair = namespace.join(UPLINK, &fabric, &far)?;
            fabric.apply(&to_node(&far, index, families, pair))?;
            links.push(pair);
            nodes.push(Arc::new(Node {
                name: name.clone(),
                index,
                families: families.to_vec(),
                namespace: Arc::new(namespace),
                leases: Mutex::default(),
                links: AtomicU32::new(0),
                freed: Notify::new(),
            }));
        }
        for (node, pair) in nodes.iter().zip(links) {
            node.namespace.apply(&to_others(node, &nodes, pair))?;
        }
        Ok(Self { _fabric: fabric, nodes })
    }

    /// The nodes, in their order.
    pub(in crate::node) fn nodes(&self) -> &[Arc<Node>] {
        &self.nodes
    }

    /// Finds a node by its name.
    pub(in crate::node) fn node(&self, name: &str) -> Option<&Arc<Node>> {
        self.nodes.iter().find(|node| node.name == name)
    }
}

impl Node {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its network.
    #[must_use]
    pub fn namespace(&self) -> &Arc<Namespace> {
        &self.namespace
    }

    /// The families it has, the first one first.
    #[must_use]
    pub fn families(&self) -> &[IpFamily] {
        &self.families
    }

    /// Its addresses, the first family first.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        self.families.iter().map(|family| plan::node(*family, self.index)).collect()
    }

    /// The ranges of its pods, the first family first.
    #[must_use]
    pub fn pod_ranges(&self) -> Vec<IpNet> {
        self.families.iter().map(|family| plan::pods(*family, self.index)).collect()
    }

    /// The addresses of one of its pods.
    pub(super) fn pod_addresses(&self, number: u8) -> Vec<IpAddr> {
        self.families.iter().map(|family| plan::pod(*family, self.index, number)).collect()
    }

    /// Waits until there is room for a pod, and takes it.
    pub(in crate::node) async fn take(&self) -> u8 {
        loop {
            let freed = self.freed.notified();
            if let Some(number) = self.try_take() {
                return number;
            }
            freed.await;
        }
    }

    /// Takes room for a pod; `None` when there is none.
    pub(in crate::node) fn try_take(&self) -> Option<u8> {
        self.leases().take()
    }

    /// Gives room back.
    pub(super) fn give(&self, number: u8) {
        self.leases().give(number);
        self.freed.notify_one();
    }

    /// A name for one more interface.
    pub(super) fn next_link(&self) -> String {
        format!("veth{}", self.links.fetch_add(1, Ordering::Relaxed))
    }

    fn leases(&self) -> MutexGuard<'_, Leases> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes a namespace route.
fn route(namespace: &Namespace, families: &[IpFamily]) -> Result<(), NetnsError> {
    for family in families {
        match family {
            IpFamily::IPv4 => namespace.set("ipv4/ip_forward", "1")?,
            IpFamily::IPv6 => namespace.set("ipv6/conf/all/forwarding", "1")?,
        }
    }
    Ok(())
}

/// The fabric's way to a node and its pods.
fn to_node(link: &str, index: u8, families: &[IpFamily], pair: Veth) -> Vec<Change> {
    let mut changes = Vec::new();
    for family in families {
        let node = plan::node(*family, index);
        changes.push(Change::neighbour(link, node, pair.near));
        changes.push(Change::route(plan::single(node), link, None));
        changes.push(Change::route(plan::pods(*family, index), link, Some(node)));
    }
    changes
}

/// A node's own addresses, and its way to the others, all of whom are behind the same hardware address.
fn to_others(node: &Node, nodes: &[Arc<Node>], pair: Veth) -> Vec<Change> {
    let mut changes = Vec::new();
    for family in &node.families {
        let own = plan::node(*family, node.index);
        let net = IpNet::new(own, plan::fabric_prefix(*family)).unwrap_or_else(|_| plan::single(own));
        changes.push(Change::address(UPLINK, net));
        changes.push(Change::neighbour(UPLINK, plan::fabric(*family), pair.far));
        changes.push(Change::route(plan::everything(*family), UPLINK, Some(plan::fabric(*family))));
        // An address that no pod has would go round between the node and the fabric.
        let own_pods = plan::pods(*family, node.index);
        changes.push(Change::Route(Route { to: own_pods, kind: RouteKind::Unreachable, source: None }));
        for other in nodes.iter().filter(|other| other.index != node.index) {
            let address = plan::node(*family, other.index);
            changes.push(Change::neighbour(UPLINK, address, pair.far));
            changes.push(Change::route(plan::pods(*family, other.index), UPLINK, Some(address)));
        }
    }
    changes
}
