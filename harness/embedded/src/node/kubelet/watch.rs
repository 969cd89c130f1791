//! Following the pods of the nodes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::node::container::{Place, Tools};
use crate::node::network::Fabric;
use crate::node::pod::{News, Pod};
use crate::store::object::{has_ended, text, uid};
use crate::store::{Change, Key, Selector, What, resource};

/// The pods of the nodes, by uid.
pub(super) struct Pods {
    fabric: Fabric,
    tools: Arc<Tools>,
    known: Mutex<HashMap<String, Known>>,
}

struct Known {
    news: watch::Sender<News>,
    place: Arc<OnceLock<Arc<Place>>>,
}

impl Pods {
    pub(super) fn new(fabric: Fabric, tools: Tools) -> Self {
        Self { fabric, tools: Arc::new(tools), known: Mutex::default() }
    }

    /// The nodes.
    pub(super) fn fabric(&self) -> &Fabric {
        &self.fabric
    }

    /// The place of a pod; `None` where it has none yet, or any more.
    pub(super) fn place(&self, uid: &str) -> Option<Arc<Place>> {
        self.known().get(uid)?.place.get().filter(|place| !place.is_closed()).cloned()
    }

    /// Follows the store until `stop` is cancelled; then all pods end at once, and the store keeps them as they are.
    pub(super) async fn follow(&self, mut changes: mpsc::UnboundedReceiver<Arc<Change>>, stop: CancellationToken) {
        let mut running = JoinSet::new();
        for pod in self.tools.store.list(resource::PODS, None, &Selector::default()).items {
            self.learn(&mut running, &pod, false);
        }
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                change = changes.recv() => {
                    let Some(change) = change else { break };
                    if change.key.resource == resource::PODS {
                        self.learn(&mut running, &change.object, change.what == What::Deleted);
                    }
                }
                Some(ended) = running.join_next(), if !running.is_empty() => {
                    if let Ok(uid) = ended {
                        self.known().remove(&uid);
                    }
                }
            }
        }
        for known in self.known().values() {
            known.news.send_modify(|news| news.is_gone = true);
        }
        while running.join_next().await.is_some() {}
        self.known().clear();
    }

    fn learn(&self, running: &mut JoinSet<String>, pod: &Arc<Value>, is_gone: bool) {
        let Some(node) = self.fabric.node(text(pod, "/spec/nodeName")) else { return };
        let uid = uid(pod);
        let news = News { pod: Arc::clone(pod), is_gone };
        if let Some(known) = self.known().get(uid) {
            // Its own status comes back as news, too; only its end is news to it.
            known.news.send_if_modified(|before| {
                let is_news = news.end().is_some();
                *before = news;
                is_news
            });
            return;
        }
        if is_gone || has_ended(pod) {
            return;
        }
        let (news, told) = watch::channel(news);
        let place = Arc::new(OnceLock::new());
        let key = Key::new(resource::PODS, text(pod, "/metadata/namespace"), text(pod, "/metadata/name"));
        let (node, tools) = (Arc::clone(node), Arc::clone(&self.tools));
        let pod = Pod { key, node, tools, news: told, place: Arc::clone(&place) };
        self.known().insert(uid.to_owned(), Known { news, place });
        let uid = uid.to_owned();
        running.spawn(async move {
            pod.run().await;
            uid
        });
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
