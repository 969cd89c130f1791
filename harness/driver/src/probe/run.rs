//! Makes calls, several at a time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dualproof_model::evidence::{Call, CallOutcome, CallStage, PodRef};
use dualproof_model::plan::Timeouts;
use futures_util::StreamExt;
use futures_util::stream;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ObjectList;

use super::{ClientSelector, Probe};
use crate::api::{self, ApiError, Transcript};
use crate::cluster::Cluster;
use crate::context::RunContext;
use crate::diagnostics::{is_ready, pod_ref};
use crate::trouble::chain;
use crate::wait::{Progress, until};

/// Calls under way at the same time. Each holds a connection to the API server and a process in a client's container.
const AT_ONCE: usize = 8;

/// How long a call whose reply is not right may be repeated, but no longer than one call may take. The mesh has converged by
/// then; what is left is the way from an endpoint in the control plane to one in the kernel.
const CONVERGENCE: Duration = Duration::from_secs(10);

/// The command that tells a connection that hangs from a container where nothing can be run. It has a third of a call's time.
const CONTROL: &str = "true";

/// Makes all calls, eight at a time, and returns one [`Call`] for each probe, in their order.
///
/// A call has `timeouts.call` from exec to its ending. One whose output does not hold the reply is repeated until it does, or
/// for ten seconds more; the last whole attempt is returned. A command that does not end is a [`CallOutcome::Timeout`] where
/// another one in the same container does; else nothing can be run there, nobody knows what the connection did, and the call
/// is [`CallOutcome::Lost`]. So is what was not called when the run is stopped, what a deleted pod should have called, and
/// all calls of a client that is not found for as long as one request may take and ten seconds more. There is no error.
pub async fn call_all(context: &RunContext, cluster: &Cluster, stage: CallStage, probes: &[Probe]) -> Vec<Call> {
    let mut clients: BTreeMap<&ClientSelector, Result<PodRef, String>> = BTreeMap::new();
    for probe in probes {
        if !clients.contains_key(&probe.client) {
            clients.insert(&probe.client, patient_client_pod(context, cluster, &probe.client).await);
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

/// Looks for the client again for a while: an API server that restarts, or a node that pauses, is no reason to lose every call.
async fn patient_client_pod(
    context: &RunContext,
    cluster: &Cluster,
    selector: &ClientSelector,
) -> Result<PodRef, String> {
    let name = format!("a ready client app={} in {}", selector.app, selector.namespace);
    let limit = Timeouts::of(context.timeouts.request) + CONVERGENCE;
    let look = async || match client_pod(context, cluster, selector).await {
        Ok(pod) => Progress::Done(pod),
        Err(why) => Progress::NotYet(why),
    };
    until(context, &name, limit, look).await.map_err(|error| chain(&error))
}

async fn call(context: &RunContext, cluster: &Cluster, stage: CallStage, probe: &Probe, pod: &PodRef) -> Call {
    let limit = Timeouts::of(context.timeouts.call);
    let name = format!("reply to {}", probe.id);
    let last = Mutex::new(None);
    let attempt = async || {
        let mut heard =
            api::transcript(context, &cluster.client, pod, &probe.container, &probe.argv, None, limit).await;
        let is_final = match &heard.ending {
            Err(ApiError::Cancelled { .. }) => true,
            // The pod is gone, and another one is another client.
            Err(ApiError::Request { source, .. }) => source.is_not_found(),
            _ => false,
        };
        if let Err(hung @ ApiError::ExecDeadline { .. }) = &heard.ending
            && let Err(why) = control(context, cluster, pod, &probe.container).await
        {
            let why = format!("{hung}, and nothing else can be run there: {}", chain(&why));
            let (command, place) = (probe.argv.join(" "), format!("{pod} container {}", probe.container));
            heard.ending = Err(ApiError::Exec { command, place, why });
        }
        let call = probe.evidence(stage, pod, heard);
        let settled = is_final || probe.is_settled(&call);
        let status = said(&call);
        *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(call);
        if settled { Progress::Done(()) } else { Progress::NotYet(status) }
    };
    let waited = until(context, &name, limit + CONVERGENCE.min(limit), attempt).await;
    match (last.into_inner().unwrap_or_else(PoisonError::into_inner), waited) {
        (Some(call), _) => call,
        (None, Err(error)) => lost(stage, probe, chain(&error)),
        (None, Ok(())) => lost(stage, probe, "it was not made".to_owned()),
    }
}

/// Runs a command that cannot hang by itself.
async fn control(context: &RunContext, cluster: &Cluster, pod: &PodRef, container: &str) -> Result<(), ApiError> {
    let limit = Timeouts::of(context.timeouts.call) / 3;
    api::exec(context, &cluster.client, pod, container, &[CONTROL.to_owned()], None, limit).await.map(drop)
}

fn lost(stage: CallStage, probe: &Probe, why: String) -> Call {
    let ClientSelector { namespace, app } = probe.client.clone();
    let pod = PodRef { namespace, name: app };
    let nothing = Transcript {
        stdout: String::new(),
        stderr: String::new(),
        millis: 0,
        ending: Err(ApiError::Cancelled { what: String::new() }),
    };
    Call { outcome: CallOutcome::Lost(why), ..probe.evidence(stage, &pod, nothing) }
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
