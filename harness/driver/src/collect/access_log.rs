//! The proxies' access logs into the bundle, once they tell of the calls that were made.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dualproof_dump::DumpError;
use dualproof_dump::bundle::{Writer, layout};
use dualproof_model::evidence::{AccessLogLine, PodRef, Testimony};
use dualproof_wire::{Answer, Outcome, Protocol, unseal};
use futures_util::StreamExt;
use futures_util::stream;
use jiff::Timestamp;

use crate::api;
use crate::cluster::Cluster;
use crate::context::RunContext;
use crate::mesh::Counters;
use crate::trouble::chain;
use crate::wait::{Progress, until};

/// Envoy writes a connection when it ends and flushes its file once a second (Istio's `--file-flush-interval-msec`); what is not
/// there after this long is evidence that is missing.
const PATIENCE: Duration = Duration::from_secs(10);

/// Seconds before the first call that are read, too: the API takes whole ones.
const MARGIN: i64 = 2;

/// Logs read at the same time.
const AT_ONCE: usize = 4;

/// Waits until the proxies' logs tell of every call of `testimonies` that they owe, or for ten seconds, and writes the logs of
/// `meshed` as they are then. A log that cannot be read is noted as missing; so are all of them where no proxy wrote a line in our format.
/// Then the counters of `before`, read before the calls, are written as well, to be held against those after.
///
/// A meshed client's proxy owes a line for every socket that connected; a meshed server's for every answer that came to it
/// through its proxy. Both are known by sockets, so that a line of another call does not count.
pub async fn access_logs(
    context: &RunContext,
    cluster: &Cluster,
    container: &str,
    meshed: &[PodRef],
    testimonies: &[Testimony],
    before: &Counters,
    writer: &Writer,
) {
    let owed = Owed::of(testimonies, meshed);
    let first = testimonies.iter().map(|testimony| testimony.from).min();
    let logs = Mutex::new(Logs::new());
    let waited = until(context, "every call in the proxies' access logs", PATIENCE, || async {
        let read = read(context, cluster, container, meshed, first.map_or(0, seconds_since)).await;
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
    let is_silent = owed != Owed::default() && is_silent(&logs);
    if is_silent || logs.values().any(Result::is_err) {
        for (pod, counters) in before {
            let file = layout::proxy_file(pod, layout::CLUSTERS_BEFORE);
            add(writer, file, counters.clone(), |file, bytes| writer.add_parsed(file, bytes));
        }
    }
    for (pod, log) in logs {
        let file = layout::access_log(&pod);
        let is_evidence = !is_silent || log.is_err();
        add(writer, file.clone(), log, |file, text| writer.add(file, text));
        if !is_evidence {
            writer.missing(file, SILENT);
        }
    }
}

/// Why a log that could be read is no evidence.
const SILENT: &str = "no proxy wrote a line in dualproof's accessLogFormat: the mesh's is another one, or off";

fn add<T>(
    writer: &Writer,
    file: String,
    content: Result<T, String>,
    write: impl FnOnce(&str, T) -> Result<(), DumpError>,
) {
    if let Err(why) = content.and_then(|content| write(&file, content).map_err(|error| chain(&error))) {
        writer.missing(file, why);
    }
}

/// Tells whether none of the logs that could be read has a line of ours, be it cut.
fn is_silent(logs: &Logs) -> bool {
    let ours = |(pod, log): (&PodRef, &Result<String, String>)| {
        log.iter().flat_map(|text| text.lines()).any(|line| !matches!(AccessLogLine::parse(pod, line, ""), Ok(None)))
    };
    !logs.iter().any(ours)
}

/// What was read of each pod's log: its text, or why there is none.
type Logs = BTreeMap<PodRef, Result<String, String>>;

/// Counts the seconds since the first call. What a proxy logged before belongs to earlier readings of a kept cell, whose ports may come
/// again.
fn seconds_since(first: Timestamp) -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "it is taken from another time of this clock, and a jump only reads more or is waited for"
    )]
    let now = Timestamp::now();
    now.duration_since(first).as_secs() + MARGIN
}

async fn read(context: &RunContext, cluster: &Cluster, container: &str, pods: &[PodRef], seconds: i64) -> Logs {
    let reads: Vec<_> = pods
        .iter()
        .map(|pod| async {
            let log = api::logs_since(context, &cluster.client, pod, container, seconds).await;
            (pod.clone(), log.map_err(|error| chain(&error)))
        })
        .collect();
    stream::iter(reads).buffer_unordered(AT_ONCE).collect().await
}

/// Two ends of a connection. One end alone is not enough: the kernel gives a port again for another destination.
type Ends = (SocketAddr, SocketAddr);

/// Lines that are owed, each by the pod of its proxy and a connection in it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Owed {
    /// The client's own socket and what it dialled, which its proxy sees downstream.
    clients: BTreeSet<(PodRef, Ends)>,
    /// The peer that the server saw and its own socket, which its proxy has upstream.
    servers: BTreeSet<(PodRef, Ends)>,
}

impl Owed {
    fn of(testimonies: &[Testimony], meshed: &[PodRef]) -> Self {
        let mut owed = Self::default();
        // A sidecar does not take UDP.
        let taken = || testimonies.iter().filter(|testimony| testimony.ask.protocol != Protocol::Udp);
        for testimony in taken() {
            let attempts = testimony.report().into_iter().flat_map(|report| &report.attempts);
            let Some(client) = testimony.client.as_ref().filter(|client| meshed.contains(client)) else { continue };
            let connected = attempts.filter(|attempt| attempt.connect_micros.is_some());
            owed.clients
                .extend(connected.filter_map(|attempt| Some((client.clone(), (attempt.local?, attempt.address)))));
        }
        for testimony in taken() {
            let Some(Outcome::Replied(text)) = testimony.report().map(|report| &report.outcome) else { continue };
            // A server that speaks first has said a line before.
            let last = text.trim().lines().last().unwrap_or_default();
            let answer = unseal(last).ok().and_then(|answer| serde_json::from_str::<Answer>(&answer).ok());
            let Some(answer) = answer else { continue };
            let server = PodRef { namespace: answer.namespace, name: answer.pod };
            if meshed.contains(&server) {
                owed.servers.insert((server, (answer.peer, answer.local)));
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
                let downstream = line.downstream_remote.zip(line.downstream_local);
                told.clients.extend(downstream.map(|ends| (pod.clone(), ends)));
                let upstream = line.upstream_local.zip(line.upstream());
                told.servers.extend(upstream.map(|ends| (pod.clone(), ends)));
            }
        }
        let readable = |pod: &PodRef| logs.get(pod).is_some_and(Result::is_ok);
        let clients = self.clients.difference(&told.clients).map(|owed| (owed, "its client's"));
        let servers = self.servers.difference(&told.servers).map(|owed| (owed, "to its server,"));
        clients
            .chain(servers)
            .filter(|((pod, _), _)| readable(pod))
            .map(|((pod, (from, to)), way)| format!("{pod}: {way} {from} to {to}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(name: &str) -> PodRef {
        PodRef { namespace: "ns".to_owned(), name: name.to_owned() }
    }

    fn testimony(local: &str, address: &str) -> serde_json::Result<Testimony> {
        let answer = json!({
            "run": "r", "pod": "server", "uid": "u", "namespace": "ns", "node": "n", "serviceAccount": "s", "local": "10.0.0.2:9000",
            "peer": "127.0.0.6:4000", "bind": "dual-any", "port": 9000, "protocol": "tcp", "connection": 1, "token": "t",
        });
        let outcome = json!({ "replied": dualproof_wire::seal(&answer.to_string()) });
        serde_json::from_value(json!({
            "cell": "c", "stage": "mesh", "client": { "namespace": "ns", "name": "client" },
            "from": "2026-01-01T00:00:00Z", "until": "2026-01-01T00:00:01Z",
            "ask": { "id": "1", "token": "t", "to": { "address": address }, "protocol": "tcp", "deadlineMillis": 1000 },
            "told": { "report": {
                "id": "1", "resolutions": [], "outcome": outcome, "micros": 9,
                "attempts": [{ "address": address, "local": local, "connectMicros": 1, "outcome": outcome }],
            } },
        }))
    }

    fn line(downstream: (&str, &str), upstream: (&str, &str)) -> String {
        json!({
            "ACCESS_LOG": "dualproof/1", "START_TIME": "2026-01-01T00:00:00.000000Z",
            "DOWNSTREAM_REMOTE_ADDRESS": downstream.0, "DOWNSTREAM_LOCAL_ADDRESS": downstream.1,
            "UPSTREAM_LOCAL_ADDRESS": upstream.0, "UPSTREAM_REMOTE_ADDRESS": upstream.1, "UPSTREAM_HOST": upstream.1,
        })
        .to_string()
    }

    #[test]
    fn a_line_of_another_connection_from_the_same_port_is_not_the_one_that_is_owed() -> serde_json::Result<()> {
        let told = [testimony("10.0.0.1:5000", "10.96.0.9:9000")?];
        let owed = Owed::of(&told, &[pod("client"), pod("server")]);
        let client = |to: &str| line(("10.0.0.1:5000", to), ("10.0.0.1:6000", "10.0.0.2:9000"));
        let server = |peer: &str| line(("10.0.0.1:6000", "10.0.0.2:9000"), (peer, "10.0.0.2:9000"));
        for (to, peer, lacking) in [
            ("10.96.0.9:9000", "127.0.0.6:4000", 0),
            ("10.96.0.8:9000", "127.0.0.6:4000", 1),
            ("10.96.0.9:9000", "127.0.0.6:4001", 1),
            ("10.96.0.8:9000", "127.0.0.6:4001", 2),
        ] {
            let logs = Logs::from([(pod("client"), Ok(client(to))), (pod("server"), Ok(server(peer)))]);
            assert_eq!(owed.lacking(&logs).len(), lacking, "{to} {peer}");
        }
        let unreadable = Logs::from([(pod("client"), Err("gone".to_owned())), (pod("server"), Ok(String::new()))]);
        assert_eq!(owed.lacking(&unreadable).len(), 1, "a log that cannot be read is not waited for");
        Ok(())
    }

    #[test]
    fn naked_ends_owe_nothing() -> serde_json::Result<()> {
        let told = [testimony("10.0.0.1:5000", "10.96.0.9:9000")?];
        assert_eq!(Owed::of(&told, &[pod("other")]), Owed::default());
        Ok(())
    }
}
