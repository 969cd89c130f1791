//! The proxies' access logs into the bundle, once they tell of the calls that were made.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dualproof_dump::bundle::{Writer, layout};
use dualproof_model::evidence::{AccessLogLine, PodRef, Testimony};
use dualproof_wire::{Answer, Outcome, Protocol};
use futures_util::StreamExt;
use futures_util::stream;

use crate::api;
use crate::cluster::Cluster;
use crate::context::RunContext;
use crate::trouble::chain;
use crate::wait::{Progress, until};

/// Envoy writes a connection when it ends and flushes its file once a second (Istio's `--file-flush-interval-msec`); what is not
/// there after this long is evidence that is missing.
const PATIENCE: Duration = Duration::from_secs(10);

/// Logs read at the same time.
const AT_ONCE: usize = 4;

/// Waits until the proxies' logs tell of every call of `testimonies` that they owe, or for ten seconds, and writes the logs of
/// `meshed` as they are then. A log that cannot be read is noted as missing.
///
/// A meshed client's proxy owes a line for every socket that connected; a meshed server's for every answer that came to it
/// through its proxy. Both are known by sockets, so that a line of another call does not count.
pub async fn access_logs(
    context: &RunContext,
    cluster: &Cluster,
    container: &str,
    meshed: &[PodRef],
    testimonies: &[Testimony],
    writer: &Writer,
) {
    let owed = Owed::of(testimonies, meshed);
    let logs = Mutex::new(Logs::new());
    let waited = until(context, "every call in the proxies' access logs", PATIENCE, || async {
        let read = read(context, cluster, container, meshed).await;
        let lacking = owed.lacking(&read);
        *logs.lock().unwrap_or_else(PoisonError::into_inner) = read;
        match lacking.first() {
            None => Progress::Done(()),
            Some(first) => Progress::NotYet(format!("{} lines are lacking, first {first}", lacking.len())),
        }
    });
    // What is lacking after that is for the judge to see.
    drop(waited.await);
    let logs = logs.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (pod, log) in logs {
        let file = layout::access_log(&pod);
        match log {
            Ok(text) => {
                if let Err(error) = writer.add(&file, text) {
                    writer.missing(file, chain(&error));
                }
            }
            Err(why) => writer.missing(file, why),
        }
    }
}

/// What was read of each pod's log: its text, or why there is none.
type Logs = BTreeMap<PodRef, Result<String, String>>;

async fn read(context: &RunContext, cluster: &Cluster, container: &str, pods: &[PodRef]) -> Logs {
    let reads: Vec<_> = pods
        .iter()
        .map(|pod| async {
            let log = api::logs(context, &cluster.client, pod, container, false, None).await;
            (pod.clone(), log.map_err(|error| chain(&error)))
        })
        .collect();
    stream::iter(reads).buffer_unordered(AT_ONCE).collect().await
}

/// Lines that are owed, each by the pod of its proxy and one socket in it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Owed {
    /// Clients' own sockets, which their proxies see as downstream remote addresses.
    clients: BTreeSet<(PodRef, SocketAddr)>,
    /// The proxies' own sockets towards the servers, which the servers see as peers.
    servers: BTreeSet<(PodRef, SocketAddr)>,
}

impl Owed {
    fn of(testimonies: &[Testimony], meshed: &[PodRef]) -> Self {
        let mut owed = Self::default();
        for testimony in testimonies {
            let attempts = testimony.report().into_iter().flat_map(|report| &report.attempts);
            let Some(client) = testimony.client.as_ref().filter(|client| meshed.contains(client)) else { continue };
            if testimony.ask.protocol == Protocol::Udp {
                // A sidecar does not take UDP.
                continue;
            }
            let connected = attempts.filter(|attempt| attempt.connect_micros.is_some());
            owed.clients.extend(connected.filter_map(|attempt| Some((client.clone(), attempt.local?))));
        }
        for testimony in testimonies {
            let Some(Outcome::Replied(text)) = testimony.report().map(|report| &report.outcome) else { continue };
            let Ok(answer) = serde_json::from_str::<Answer>(text.trim()) else { continue };
            let server = PodRef { namespace: answer.namespace, name: answer.pod };
            if meshed.contains(&server) {
                owed.servers.insert((server, answer.peer));
            }
        }
        owed
    }

    /// Lists what the logs do not tell yet. A log that cannot be read owes nothing more.
    fn lacking(&self, logs: &Logs) -> Vec<String> {
        let mut told = Self::default();
        for (pod, log) in logs {
            for line in log.iter().flat_map(|text| text.lines()) {
                let Ok(Some(line)) = AccessLogLine::parse(pod, line, "") else { continue };
                told.clients.extend(line.downstream_remote.map(|socket| (pod.clone(), socket)));
                told.servers.extend(line.upstream_local.map(|socket| (pod.clone(), socket)));
            }
        }
        let readable = |pod: &PodRef| logs.get(pod).is_some_and(Result::is_ok);
        let clients = self.clients.difference(&told.clients).map(|owed| (owed, "from"));
        let servers = self.servers.difference(&told.servers).map(|owed| (owed, "to its server from"));
        clients
            .chain(servers)
            .filter(|((pod, _), _)| readable(pod))
            .map(|((pod, socket), way)| format!("{pod}: {way} {socket}"))
            .collect()
    }
}
