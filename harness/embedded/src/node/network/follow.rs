//! Services, EndpointSlices and namespaces to packet filters and names, as they change.

use std::net::IpAddr;
use std::sync::Arc;

use dualproof_netns::traffic::Services;
use tokio::sync::mpsc;

use super::services::virtual_services;
use super::{Names, Node};
use crate::dns::Switch;
use crate::store::{Change, Selector, Store, resource};

/// What follows the store for the network. It ends with its task.
#[derive(Debug)]
pub(in crate::node) struct Follower {
    store: Store,
    changes: mpsc::UnboundedReceiver<Arc<Change>>,
    nodes: Vec<Arc<Node>>,
    /// The addresses that the nodes answer themselves.
    own: Vec<IpAddr>,
    names: Option<Names>,
    served: Services,
}

impl Follower {
    /// Follows the changes from now on.
    pub(in crate::node) fn new(store: &Store, nodes: &[Arc<Node>], own: &[IpAddr], names: Option<Names>) -> Self {
        Self {
            store: store.clone(),
            changes: store.follow(),
            nodes: nodes.to_vec(),
            own: own.to_vec(),
            names,
            served: Services::default(),
        }
    }

    /// Brings the nodes to what the store holds, again and again. Never returns by itself.
    pub(in crate::node) async fn run(mut self) {
        let mut wanted = Wanted { services: true, names: true };
        loop {
            while let Ok(change) = self.changes.try_recv() {
                wanted.add(&change);
            }
            if wanted.services || wanted.names {
                let work = std::mem::take(&mut wanted);
                // The kernel's answer takes its time, in which a thread for waiting tasks is not to be held.
                let Ok(done) = tokio::task::spawn_blocking(move || self.bring(work)).await else { return };
                self = done;
                continue;
            }
            let Some(change) = self.changes.recv().await else { return };
            wanted.add(&change);
            // Changes that are made together are done together.
            tokio::task::yield_now().await;
        }
    }

    fn bring(mut self, work: Wanted) -> Self {
        if work.names
            && let Some(names) = &mut self.names
        {
            names.renew();
        }
        if work.services {
            let all = |resource: &str| self.store.list(resource, None, &Selector::default()).items;
            let services = virtual_services(&all(resource::SERVICES), &all(resource::ENDPOINT_SLICES), &self.own);
            // Fronts are each other's only once, and families agree: nothing is left to refuse.
            if let Ok(services) = Services::new(services)
                && services != self.served
            {
                let is_served = self.nodes.iter().all(|node| node.namespace().serve(&services).is_ok());
                if is_served {
                    self.served = services;
                }
            }
        }
        self
    }
}

#[derive(Default)]
struct Wanted {
    services: bool,
    names: bool,
}

impl Wanted {
    fn add(&mut self, change: &Change) {
        match change.key.resource.as_str() {
            resource::SERVICES | resource::ENDPOINT_SLICES => {
                self.services = true;
                self.names = true;
            }
            resource::NAMESPACES => self.names = true,
            _ if change.key == Switch::key() => self.names = true,
            _ => {}
        }
    }
}
