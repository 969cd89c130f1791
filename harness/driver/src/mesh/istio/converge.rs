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
pub(super) async fn converge(context: &RunContext, cluster: &Cluster, pods: &[PodRef]) -> Result<(), MeshError> {
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
