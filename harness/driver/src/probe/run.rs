//! Makes calls, several at a time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use dualproof_model::evidence::{Call, CallOutcome, CallStage, PodRef};
use dualproof_model::plan::Timeouts;
use futures_util::StreamExt;
use futures_util::stream;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ObjectList;

use super::{ClientSelector, Probe};
use crate::api::{self, ApiError};
use crate::cluster::Cluster;
use crate::context::RunContext;
use crate::diagnostics::{is_ready, pod_ref};
use crate::trouble::chain;
use crate::wait::{Progress, until};

/// Calls under way at the same time. Each holds a connection to the API server and a process in a client's container.
const AT_ONCE: usize = 8;

/// How long a call whose reply is not right may be repeated. The mesh has converged by then; what is left is the way from
/// an endpoint in the control plane to one in the kernel.
const CONVERGENCE: Duration = Duration::from_secs(10);

/// Makes all calls, eight at a time, and returns one [`Call`] for each probe, in their order.
///
/// A call has `timeouts.call` from exec to its ending. One whose output does not hold the reply is repeated until it does, or
/// for ten seconds; the last whole attempt is returned. When the run is stopped, what was not called is [`CallOutcome::Lost`].
/// There is no error: a client that cannot be found is a lost call, with the reason.
pub async fn call_all(context: &RunContext, cluster: &Cluster, stage: CallStage, probes: &[Probe]) -> Vec<Call> {
    let mut clients: BTreeMap<&ClientSelector, Result<PodRef, String>> = BTreeMap::new();
    for probe in probes {
        if !clients.contains_key(&probe.client) {
            clients.insert(&probe.client, client_pod(context, cluster, &probe.client).await);
        }
    }
    // Made before they are polled: a stream over borrowing closures would not be `Send`.
    let calls: Vec<_> = probes
        .iter()
        .map(|probe| {
            let client = clients.get(&probe.client);
            async move {
                match client {
                    Some(Ok(pod)) => call(context, cluster, stage, probe, pod).await,
                    Some(Err(why)) => lost(stage, probe, why.clone()),
                    None => lost(stage, probe, "its client was not looked for".to_owned()),
                }
            }
        })
        .collect();
    stream::iter(calls).buffered(AT_ONCE).collect().await
}

/// Finds the Ready pod of a selector; the first by name where there are several, so that all calls come from one.
///
/// # Errors
/// A sentence: the API server's words, or that there is none.
pub async fn client_pod(context: &RunContext, cluster: &Cluster, selector: &ClientSelector) -> Result<PodRef, String> {
    let ClientSelector { namespace, app } = selector;
    let path = format!("/api/v1/namespaces/{namespace}/pods?labelSelector=app%3D{app}");
    let bytes = api::list_json(context, &cluster.client, &path).await.map_err(|error| chain(&error))?;
    let list: ObjectList<Pod> =
        serde_json::from_slice(&bytes).map_err(|error| format!("{path} is no list: {error}"))?;
    list.items
        .iter()
        .filter(|pod| is_ready(pod))
        .map(pod_ref)
        .min()
        .ok_or_else(|| format!("no ready pod with app={app} in {namespace}"))
}

async fn call(context: &RunContext, cluster: &Cluster, stage: CallStage, probe: &Probe, pod: &PodRef) -> Call {
    let limit = Timeouts::of(context.timeouts.call);
    let name = format!("reply to {}", probe.id);
    let last = Mutex::new(None);
    let attempt = async || {
        let began = Instant::now();
        let ending = api::exec(context, &cluster.client, pod, &probe.container, &probe.argv, None, limit).await;
        let stopped = matches!(ending, Err(ApiError::Cancelled { .. }));
        let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let call = probe.evidence(stage, pod, ending, millis);
        let settled = stopped || probe.is_settled(&call);
        let status = said(&call);
        *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(call);
        if settled { Progress::Done(()) } else { Progress::NotYet(status) }
    };
    let waited = until(context, &name, limit + CONVERGENCE, attempt).await;
    match (last.into_inner().unwrap_or_else(PoisonError::into_inner), waited) {
        (Some(call), _) => call,
        (None, Err(error)) => lost(stage, probe, chain(&error)),
        (None, Ok(())) => lost(stage, probe, "it was not made".to_owned()),
    }
}

fn lost(stage: CallStage, probe: &Probe, why: String) -> Call {
    let ClientSelector { namespace, app } = probe.client.clone();
    let pod = PodRef { namespace, name: app };
    let nothing = Err(ApiError::Cancelled { what: String::new() });
    Call { outcome: CallOutcome::Lost(why), ..probe.evidence(stage, &pod, nothing, 0) }
}

fn said(call: &Call) -> String {
    match &call.outcome {
        CallOutcome::Exited(code) => {
            let stdout: String = call.stdout.trim().chars().take(80).collect();
            let stderr: String = call.stderr.trim().chars().take(80).collect();
            format!("exit code {code}, `{stdout}`, `{stderr}`")
        }
        CallOutcome::Timeout => "no ending in time".to_owned(),
        CallOutcome::Lost(why) => why.clone(),
    }
}
