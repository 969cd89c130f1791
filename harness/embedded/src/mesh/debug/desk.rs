//! Who is asked.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use dualproof_model::evidence::PodRef;
use futures_util::StreamExt;
use futures_util::stream;
use serde_json::Value;

use super::envoy::{self, Taken};
use super::syncz::{self, Answer};
use crate::api::{self, Runtime};
use crate::mesh::push::Fleet;

/// Sidecars asked at the same time.
const AT_ONCE: usize = 16;

/// The sidecars, and the way to them.
pub(in crate::mesh) struct Desk {
    fleet: Mutex<Fleet>,
    runtime: OnceLock<Weak<dyn Runtime>>,
}

/// A sidecar to be asked.
struct Asked {
    uid: String,
    pod: PodRef,
}

impl Desk {
    pub(in crate::mesh) fn new(fleet: Fleet) -> Self {
        Self { fleet: Mutex::new(fleet), runtime: OnceLock::new() }
    }

    /// The sidecars. A panic while they were locked leaves some of them without their last push, which the next one makes good.
    pub(in crate::mesh) fn fleet(&self) -> MutexGuard<'_, Fleet> {
        self.fleet.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns the way to the sidecars; the first one counts.
    pub(in crate::mesh) fn reach(&self, runtime: Weak<dyn Runtime>) {
        drop(self.runtime.set(runtime));
    }

    /// Tells of every sidecar that answers what it was sent and what it took.
    pub(super) async fn sync_state(&self) -> Value {
        let (asked, version) = {
            let mut fleet = self.fleet();
            let version = fleet.installation().map(|(_, settings)| settings.version.to_string()).unwrap_or_default();
            let members = fleet.members().map(|member| Asked { uid: member.uid.clone(), pod: member.pod().clone() });
            (members.collect::<Vec<_>>(), version)
        };
        let Some(runtime) = self.runtime.get().and_then(Weak::upgrade) else { return Value::Array(Vec::new()) };
        let answers = stream::iter(asked).map(|asked| self.entry(runtime.clone(), asked, version.clone()));
        let entries: Vec<Option<Value>> = answers.buffered(AT_ONCE).collect().await;
        entries.into_iter().flatten().collect()
    }

    /// Tells of one sidecar; `None` where it does not answer: then it is not connected.
    async fn entry(&self, runtime: Arc<dyn Runtime>, asked: Asked, version: String) -> Option<Value> {
        let Asked { uid, pod } = asked;
        let way = api::PodRef { namespace: pod.namespace.clone(), name: pod.name.clone(), uid };
        let taken = envoy::taken(&*runtime, &way).await.ok()?;
        let (mut answers, [clusters, listeners]) = self.hold(&way.uid, &taken)?;
        let again = "see the log of the container istio-proxy";
        if clusters && answers[0].error.is_empty() {
            answers[0].error = format!("Envoy refuses the clusters: {again}");
        }
        if listeners && answers[1].error.is_empty() {
            let said = envoy::refused_listeners(&*runtime, &way).await.unwrap_or_default();
            answers[1].error = if said.is_empty() { format!("Envoy refuses the listeners: {again}") } else { said };
        }
        Some(syncz::entry(&pod, &version, &answers))
    }

    /// Holds an Envoy's answers against what was sent; `None` when the sidecar has gone meanwhile.
    fn hold(&self, uid: &str, taken: &[Taken; 2]) -> Option<([Answer; 2], [bool; 2])> {
        let mut fleet = self.fleet();
        let member = fleet.members().find(|member| member.uid == uid)?;
        let sent = member.sent().clone();
        let trouble = member.trouble.clone().unwrap_or_default();
        let [of_clusters, of_listeners] = &mut member.heard;
        let [clusters, listeners] = syncz::versions(&sent);
        let (mut clusters, no_clusters) = syncz::answer(of_clusters, clusters, &taken[0]);
        let (mut listeners, no_listeners) = syncz::answer(of_listeners, listeners, &taken[1]);
        clusters.error.clone_from(&trouble);
        listeners.error = trouble;
        Some(([clusters, listeners], [no_clusters, no_listeners]))
    }
}
