//! Waits until every proxy of the run holds what istiod last sent.

use std::collections::BTreeMap;

use dualproof_model::evidence::{PodRef, ProxySync, SyncState, TypeSync};
use dualproof_model::plan::Timeouts;

use super::control_plane::sync_state;
use crate::cluster::Cluster;
use crate::context::RunContext;
use crate::mesh::MeshError;
use crate::trouble::{Explained, chain};
use crate::wait::{Progress, consecutive};

/// Equal reads in a row that count as converged.
const READS: u32 = 2;

/// The types without which a proxy has not been configured at all.
const NEEDED: [&str; 2] = ["Cluster", "Listener"];

/// What the proxies of the run hold: types by proxy.
type Held = BTreeMap<String, BTreeMap<String, TypeSync>>;

/// Waits for every pod's proxy to be known to istiod and settled, the same in two reads in a row. No pods: nothing to wait for.
pub(in crate::mesh) async fn converge(
    context: &RunContext,
    cluster: &Cluster,
    pods: &[PodRef],
) -> Result<(), MeshError> {
    if pods.is_empty() {
        return Ok(());
    }
    let name = format!("{} proxies synced", pods.len());
    let limit = Timeouts::of(context.timeouts.converge);
    let ending = consecutive(context, &name, limit, READS, async || match sync_state(context, cluster).await {
        Ok(state) => match settled(&state, pods) {
            Ok(held) => Progress::Done(held),
            Err(lacking) => Progress::NotYet(lacking.join("; ")),
        },
        Err(error) => Progress::NotYet(format!("{}{}", chain(&error), hint(&error))),
    });
    ending.await.map(drop).map_err(MeshError::NotConverged)
}

/// Takes what the proxies of `pods` hold, or lists those that are not settled and why.
///
/// A type is settled when the last push was acknowledged, or refused: then istiod keeps the error and the nonces differ for
/// good (istio/istio:pilot/pkg/xds/delta.go `shouldRespondDelta`).
pub(super) fn settled(state: &SyncState, pods: &[PodRef]) -> Result<Held, Vec<String>> {
    let mut held = Held::new();
    let mut lacking = Vec::new();
    for pod in pods {
        let name = format!("{}.{}", pod.name, pod.namespace);
        match state.proxies.iter().find(|proxy| proxy.proxy == name) {
            None => lacking.push(format!("{pod} is not connected")),
            Some(proxy) => match waits_for(proxy) {
                Some(why) => lacking.push(format!("{pod} {why}")),
                None => {
                    held.insert(name, proxy.types.clone());
                }
            },
        }
    }
    if lacking.is_empty() { Ok(held) } else { Err(lacking) }
}

fn waits_for(proxy: &ProxySync) -> Option<String> {
    if let Some(needed) = NEEDED.iter().find(|needed| proxy.types.get(**needed).is_none_or(|sync| sync.sent.is_empty()))
    {
        return Some(format!("was sent no {needed}"));
    }
    let open: Vec<&str> = proxy
        .types
        .iter()
        .filter(|(_, sync)| sync.sent != sync.acked && sync.error.is_empty())
        .map(|(name, _)| name.as_str())
        .collect();
    if open.is_empty() { None } else { Some(format!("has not answered to {}", open.join(", "))) }
}

fn hint(error: &MeshError) -> String {
    let hint = error.hint();
    if hint.is_empty() { hint } else { format!(" ({hint})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sync(sent: &str, acked: &str, error: &str) -> TypeSync {
        TypeSync { sent: sent.to_owned(), acked: acked.to_owned(), error: error.to_owned() }
    }

    fn proxy(name: &str, listener: TypeSync) -> ProxySync {
        let types = [("Cluster", sync("c1", "c1", "")), ("Listener", listener)];
        ProxySync {
            proxy: name.to_owned(),
            types: types.into_iter().map(|(name, sync)| (name.to_owned(), sync)).collect(),
            ..ProxySync::default()
        }
    }

    fn pod(name: &str) -> PodRef {
        PodRef { namespace: "ns".to_owned(), name: name.to_owned() }
    }

    #[test]
    fn acknowledged_and_refused_are_settled_and_silence_is_not() {
        let cases = [
            ("acknowledged", sync("l1", "l1", ""), None),
            ("refused", sync("l2", "l1", "error adding listener"), None),
            ("refused at once", sync("l1", "", "error adding listener"), None),
            ("silent", sync("l2", "l1", ""), Some("ns/p has not answered to Listener")),
            ("sent nothing", sync("", "", ""), Some("ns/p was sent no Listener")),
        ];
        for (what, listener, lacking) in cases {
            let state = SyncState { proxies: vec![proxy("p.ns", listener), proxy("other.ns", sync("l9", "", ""))] };
            let found = settled(&state, &[pod("p")]);
            assert_eq!(found.err().map(|why| why.join("; ")).as_deref(), lacking, "{what}");
        }
    }

    #[test]
    fn every_pod_must_be_connected_and_the_answer_holds_only_these() {
        let state =
            SyncState { proxies: vec![proxy("p.ns", sync("l1", "l1", "")), proxy("p.other", sync("l2", "", ""))] };
        assert_eq!(settled(&state, &[pod("p"), pod("q")]), Err(vec!["ns/q is not connected".to_owned()]));
        let held = settled(&state, &[pod("p")]).unwrap_or_default();
        assert_eq!(held.keys().collect::<Vec<_>>(), ["p.ns"]);
    }

    #[test]
    fn a_new_push_makes_another_answer() {
        let before = SyncState { proxies: vec![proxy("p.ns", sync("l1", "l1", ""))] };
        let after = SyncState { proxies: vec![proxy("p.ns", sync("l2", "l2", ""))] };
        assert_ne!(settled(&before, &[pod("p")]), settled(&after, &[pod("p")]));
    }
}
