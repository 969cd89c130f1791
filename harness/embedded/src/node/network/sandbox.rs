//! The network of one pod.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use dualproof_model::family::IpFamily;
use dualproof_netns::link::{Change, Route, RouteKind};
use dualproof_netns::{Namespace, NetnsError};

use super::{Node, plan};

/// The interface of a pod.
const INTERFACE: &str = "eth0";

/// The network of one pod, on its node. When it is dropped, its addresses are free.
#[derive(Debug)]
pub struct Sandbox {
    namespace: Arc<Namespace>,
    addresses: Vec<IpAddr>,
    node: Arc<Node>,
    /// The pod's own number and interface on the node; `None` for one in the node's own network.
    place: Mutex<Option<(u8, String)>>,
    is_own: bool,
}

impl Sandbox {
    /// Joins a new network to a node. The number was taken from the node, and is given back whatever comes.
    pub(in crate::node) fn join(name: &str, node: &Arc<Node>, number: u8) -> Result<Self, NetnsError> {
        let addresses = node.pod_addresses(number);
        let link = node.next_link();
        match connect(name, node, &link, &addresses) {
            Ok(namespace) => Ok(Self {
                namespace: Arc::new(namespace),
                addresses,
                node: Arc::clone(node),
                place: Mutex::new(Some((number, link))),
                is_own: true,
            }),
            Err(error) => {
                node.give(number);
                Err(error)
            }
        }
    }

    /// The node's own network, for a pod with `hostNetwork`.
    pub(in crate::node) fn of_node(node: &Arc<Node>) -> Self {
        Self {
            namespace: Arc::clone(node.namespace()),
            addresses: node.addresses(),
            node: Arc::clone(node),
            place: Mutex::new(None),
            is_own: false,
        }
    }

    /// The pod's namespace.
    #[must_use]
    pub fn namespace(&self) -> &Arc<Namespace> {
        &self.namespace
    }

    /// The pod's addresses, the first family first.
    #[must_use]
    pub fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    /// The pod's node.
    #[must_use]
    pub fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// Whether the network is the pod's own.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.is_own
    }

    /// Takes the way to the pod away, and gives its addresses back. Whoever is inside reaches nobody from now on.
    pub(in crate::node) fn release(&self) {
        let Some((number, link)) = self.place.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let gone: Vec<Change> = self.addresses.iter().map(|address| Change::NoRoute(way(&link, *address))).collect();
        // The kernel takes the interface down a moment after the last who is inside; the way must be gone before somebody else has the address.
        // Where the interface is gone already, so is the way.
        drop(self.node.namespace().apply(&gone));
        self.node.give(number);
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.release();
    }
}

fn connect(name: &str, node: &Node, link: &str, addresses: &[IpAddr]) -> Result<Namespace, NetnsError> {
    let namespace = Namespace::new(name)?;
    let pair = namespace.join(INTERFACE, node.namespace(), link)?;
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    for address in addresses {
        let family = IpFamily::of(address);
        let gateway = plan::gateway(family);
        inside.push(Change::address(INTERFACE, plan::single(*address)));
        // Nobody asks who has which address: a first packet that waits for an answer would be the slowest part of a call.
        inside.push(Change::neighbour(INTERFACE, gateway, pair.far));
        inside.push(Change::route(plan::everything(family), INTERFACE, Some(gateway)));
        outside.push(Change::Route(way(link, *address)));
        outside.push(Change::neighbour(link, *address, pair.near));
    }
    namespace.apply(&inside)?;
    node.namespace().apply(&outside)?;
    Ok(namespace)
}

/// A node's way to an address of a pod.
fn way(link: &str, address: IpAddr) -> Route {
    let kind = RouteKind::Unicast { interface: link.to_owned(), via: None };
    Route { to: plan::single(address), kind, source: None }
}
