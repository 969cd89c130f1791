//! What was sent to one sidecar and what it took, as `/debug/syncz` says it (istio/istio:pilot/pkg/xds/debug.go `SyncStatus`).

use dualproof_model::evidence::PodRef;
use serde_json::{Value, json};

use super::envoy::Taken;
use crate::mesh::push::{Heard, Sent};

const TYPES: [&str; 4] = [
    "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    "type.googleapis.com/envoy.config.listener.v3.Listener",
    "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
    "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
];

/// What a sidecar made of one type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// The version that was sent last.
    pub(super) sent: String,
    /// The version that was taken last; empty before any was.
    pub(super) acked: String,
    /// Why the last one was not taken; empty where it was, or there is no answer yet.
    pub(super) error: String,
}

/// Holds what Envoy says against what was sent, and remembers it. Returns the answer, and whether it is a refusal of the version that was sent.
///
/// Envoy counts its refusals and does not say of what. One that comes after the last version that it took is one of the version that was sent; where
/// a refused version is followed by another in the moments before Envoy reads it, the count alone would speak for the old one, so refusals of
/// an earlier version are left out.
pub(super) fn answer(heard: &mut Heard, sent: &str, taken: &Taken) -> (Answer, bool) {
    if let Some((version, refusals)) = heard.refused.take_if(|(version, _)| version != sent) {
        drop(version);
        heard.refusals = refusals;
    }
    let is_taken = taken.version == sent;
    if is_taken {
        *heard = Heard { refusals: taken.refusals, refused: None };
    }
    let is_refused = !is_taken && taken.refusals > heard.refusals;
    if is_refused {
        heard.refused = Some((sent.to_owned(), taken.refusals));
    }
    (Answer { sent: sent.to_owned(), acked: taken.version.clone(), error: String::new() }, is_refused)
}

/// Writes one sidecar's entry. Endpoints travel inside the clusters and routes inside the listeners, so they share their versions.
pub(super) fn entry(pod: &PodRef, version: &str, [clusters, listeners]: &[Answer; 2]) -> Value {
    let mut resources = json!({});
    for (kind, answer) in TYPES.iter().zip([clusters, listeners, clusters, listeners]) {
        resources[*kind] = json!({"sent": answer.sent, "acked": answer.acked});
        if !answer.error.is_empty() {
            resources[*kind]["lastError"] = answer.error.clone().into();
        }
    }
    json!({
        "cluster_id": "Kubernetes",
        "proxy": format!("{}.{}", pod.name, pod.namespace),
        "proxy_type": "sidecar",
        "istio_version": version,
        "cluster_sent": clusters.sent,
        "cluster_acked": clusters.acked,
        "listener_sent": listeners.sent,
        "listener_acked": listeners.acked,
        "endpoint_sent": clusters.sent,
        "endpoint_acked": clusters.acked,
        "route_sent": listeners.sent,
        "route_acked": listeners.acked,
        "resources": resources,
    })
}

/// The versions that were sent, in the order of answers.
pub(super) fn versions(sent: &Sent) -> [&str; 2] {
    [&sent.clusters, &sent.listeners]
}

#[cfg(test)]
mod tests {
    use dualproof_dump::istio::syncz;

    use super::*;

    fn taken(version: &str, refusals: u64) -> Taken {
        Taken { version: version.to_owned(), refusals }
    }

    #[test]
    fn a_refusal_counts_for_the_version_that_was_sent_and_for_no_later_one() {
        let mut heard = Heard::default();
        let steps = [
            ("nothing read yet", "1", taken("", 0), false),
            ("taken", "1", taken("1", 0), false),
            ("not read yet", "2", taken("1", 0), false),
            ("refused", "2", taken("1", 1), true),
            ("still refused", "2", taken("1", 1), true),
            ("the next one is not read yet", "3", taken("1", 1), false),
            ("the next one is refused, too", "3", taken("1", 2), true),
            ("taken at last", "4", taken("4", 2), false),
            ("an old refusal says nothing", "5", taken("4", 2), false),
        ];
        for (what, sent, said, refused) in steps {
            assert_eq!(answer(&mut heard, sent, &said).1, refused, "{what}");
        }
    }

    #[test]
    fn the_entry_is_read_as_istios() -> Result<(), Box<dyn std::error::Error>> {
        let pod = PodRef { namespace: "ns".to_owned(), name: "p".to_owned() };
        let good = Answer { sent: "t/1".to_owned(), acked: "t/1".to_owned(), error: String::new() };
        let bad = Answer { sent: "t/2".to_owned(), acked: "t/1".to_owned(), error: "no".to_owned() };
        let page = json!([entry(&pod, "1.31.0-embedded", &[good, bad])]).to_string();
        let state = syncz(page.as_bytes(), "page")?;
        let proxy = state.proxies.first().ok_or("no proxy")?;
        assert_eq!((proxy.proxy.as_str(), proxy.version.as_str()), ("p.ns", "1.31.0-embedded"));
        let listener = proxy.types.get("Listener").ok_or("no Listener")?;
        assert_eq!((listener.sent.as_str(), listener.acked.as_str(), listener.error.as_str()), ("t/2", "t/1", "no"));
        assert!(proxy.types.get("Cluster").is_some_and(|cluster| cluster.is_synced()));
        assert_eq!(proxy.types.len(), 4);
        Ok(())
    }
}
