//! The loop.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::work::{self, Work};
use crate::controller::scheduler::Scheduler;
use crate::controller::{ClusterConfig, cluster, endpoints, workload};
use crate::store::{Change, Refusal, Store};

/// The controllers of a cluster.
#[derive(Debug)]
pub struct Controllers {
    store: Store,
    config: ClusterConfig,
    changes: mpsc::UnboundedReceiver<Arc<Change>>,
    scheduler: Scheduler,
}

impl Controllers {
    /// Makes the controllers, and what every cluster begins with: the namespaces `default`, `kube-system`, `kube-public` and
    /// `kube-node-lease`, and the Service `kubernetes`.
    ///
    /// # Errors
    /// When the store refuses one of them. Those that are there already are no error.
    pub fn new(store: &Store, config: &ClusterConfig) -> Result<Self, Refusal> {
        let changes = store.follow();
        cluster::begin(store, config)?;
        let mut controllers =
            Self { store: store.clone(), config: config.clone(), changes, scheduler: Scheduler::default() };
        controllers.settle();
        Ok(controllers)
    }

    /// Follows the store until `stop` is cancelled.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            let first = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                first = self.changes.recv() => first,
            };
            let Some(first) = first else { return };
            let mut work = BTreeSet::new();
            self.learn(&first, &mut work);
            self.rounds(work);
            // Others have their turn between two batches.
            tokio::task::yield_now().await;
        }
    }

    /// Does all work that has come up by now, and what that makes.
    pub fn settle(&mut self) {
        self.rounds(BTreeSet::new());
    }

    fn rounds(&mut self, mut work: BTreeSet<Work>) {
        loop {
            while let Ok(change) = self.changes.try_recv() {
                self.learn(&change, &mut work);
            }
            if work.is_empty() {
                return;
            }
            for piece in std::mem::take(&mut work) {
                self.work(&piece);
            }
        }
    }

    fn learn(&mut self, change: &Change, work: &mut BTreeSet<Work>) {
        self.scheduler.learn(change);
        work::add(&self.store, self.scheduler.waiting(), change, work);
    }

    /// A refusal leaves the piece undone: the object changed or went meanwhile, and that change is work again. What a user should know of it
    /// is in the status or an event by then.
    fn work(&mut self, piece: &Work) {
        let store = &self.store;
        let outcome = match piece {
            Work::Namespace(name) => cluster::namespace(store, &self.config, name),
            Work::Orphans(uid) => cluster::orphans(store, uid),
            Work::Dependents(key) => cluster::dependents(store, key),
            Work::Owners(key) => cluster::owners(store, key),
            Work::Deployment(key) => workload::deployment(store, key),
            Work::ReplicaSet(key) => workload::replica_set(store, key),
            Work::DaemonSet(key) => workload::daemon_set(store, key),
            Work::Pod(key) => self.scheduler.schedule(store, key),
            Work::Endpoints(key) => endpoints::endpoints(store, key),
        };
        drop(outcome);
    }
}
