//! Calls as evidence: what counts as an answer, what is repeated, what is lost.

mod fake;
#[path = "fake/cluster.rs"]
mod fake_cluster;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::{any, get};
use axum::{Json, Router};
use dualproof_driver::api::{ApiError, Transcript};
use dualproof_driver::cluster::Cluster;
use dualproof_driver::probe::{ClientSelector, Probe, call_all};
use dualproof_model::evidence::{AddressKind, Call, CallOutcome, CallStage, PodRef, Target};
use dualproof_model::family::IpFamily;
use serde_json::{Value, json};

use fake::{Checked, context, serve};

fn probe(id: &str, app: &str) -> Probe {
    Probe {
        id: id.to_owned(),
        scenario: "seed/x".to_owned(),
        client: ClientSelector { namespace: "ns".to_owned(), app: app.to_owned() },
        container: "c".to_owned(),
        target: Target { namespace: "dual-stack".to_owned(), name: "tcp-echo".to_owned(), port: 9000 },
        address_kind: AddressKind::Name,
        address: "tcp-echo.dual-stack".to_owned(),
        argv: vec!["true".to_owned()],
        reply: Some("hello dualstack".to_owned()),
    }
}

fn client() -> PodRef {
    PodRef { namespace: "ns".to_owned(), name: "p".to_owned() }
}

fn heard(stdout: &str, ending: Result<i32, ApiError>) -> Transcript {
    Transcript { stdout: stdout.to_owned(), stderr: String::new(), millis: 7, ending }
}

fn wrote(stdout: &str) -> Transcript {
    heard(stdout, Ok(0))
}

#[test]
fn only_the_text_counts_and_without_one_an_ending_is_needed() {
    let hung = || {
        let (command, place) = ("nc".to_owned(), "ns/p c".to_owned());
        heard("hello x", Err(ApiError::ExecDeadline { command, place, limit: Duration::from_secs(1) }))
    };
    let broken = || {
        let (command, place) = ("nc".to_owned(), "ns/p c".to_owned());
        heard("", Err(ApiError::Exec { command, place, why: "reset".to_owned() }))
    };
    let lost = "cannot run `nc` in ns/p c: reset".to_owned();
    let cases = [
        ("right", Some("hello"), wrote("hello x\n"), CallOutcome::Exited(0), true),
        ("empty, exit code 0", Some("hello"), wrote(""), CallOutcome::Exited(0), false),
        ("no text expected", None, wrote(""), CallOutcome::Exited(0), true),
        ("hung", None, hung(), CallOutcome::Timeout, false),
        ("hung after another text", Some("hello y"), hung(), CallOutcome::Timeout, false),
        ("hung after the reply", Some("hello"), hung(), CallOutcome::Timeout, true),
        ("broken", None, broken(), CallOutcome::Lost(lost), false),
    ];
    for (what, reply, attempt, outcome, settled) in cases {
        let probe = Probe { reply: reply.map(str::to_owned), ..probe("seed/x/a", "curl") };
        let stdout = attempt.stdout.clone();
        let call = probe.evidence(CallStage::Mesh, &client(), attempt);
        assert_eq!((call.outcome.clone(), call.millis), (outcome, 7), "{what}");
        assert_eq!(call.stdout, stdout, "{what}: what was heard stays");
        assert_eq!(probe.is_settled(&call), settled, "{what}");
    }
}

#[test]
fn a_literal_forces_its_family_and_a_name_forces_none() {
    let cases = [
        (AddressKind::Name, "tcp-echo.ipv6", None),
        (AddressKind::ClusterIp, "10.96.0.1", Some(IpFamily::IPv4)),
        (AddressKind::ClusterIp, "fd00:10:96::1", Some(IpFamily::IPv6)),
        (AddressKind::PodIp, "[fd00::7]", Some(IpFamily::IPv6)),
        (AddressKind::PodIp, "::ffff:10.0.0.7", Some(IpFamily::IPv4)),
    ];
    for (address_kind, address, family) in cases {
        let probe = Probe { address_kind, address: address.to_owned(), ..probe("seed/x/a", "curl") };
        assert_eq!(probe.family(), family, "{address}");
    }
}

/// Counts the commands and answers each in its turn; the last answer repeats.
#[derive(Clone)]
struct Container {
    answers: Arc<Vec<&'static str>>,
    calls: Arc<AtomicUsize>,
}

async fn exec(State(container): State<Container>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.protocols(["v5.channel.k8s.io", "v4.channel.k8s.io"]).on_upgrade(move |socket| talk(container, socket))
}

async fn talk(container: Container, mut socket: WebSocket) {
    let turn = container.calls.fetch_add(1, Ordering::SeqCst);
    let answer = container.answers[turn.min(container.answers.len() - 1)];
    let success = json!({"kind": "Status", "apiVersion": "v1", "status": "Success"}).to_string();
    for (channel, text) in [(1, answer), (3, success.as_str())] {
        let frame: Vec<u8> = [&[channel], text.as_bytes()].concat();
        if socket.send(Message::Binary(frame.into())).await.is_err() {
            return;
        }
    }
    // The peer may be gone already.
    let _ = socket.send(Message::Close(None)).await;
}

fn pods() -> Value {
    let pod = |name: &str, ready: &str| {
        json!({"metadata": {"name": name, "namespace": "ns"}, "spec": {"containers": [{"name": "c"}]},
            "status": {"conditions": [{"type": "Ready", "status": ready}]}})
    };
    json!({"kind": "PodList", "apiVersion": "v1", "metadata": {},
        "items": [pod("p-late", "True"), pod("p-early", "True"), pod("p-a-dead", "False")]})
}

fn cluster(client: kube::Client) -> Cluster {
    fake_cluster::cluster(client, false)
}

async fn calls(answers: Vec<&'static str>, probes: &[Probe]) -> Result<(Vec<Call>, usize), Box<dyn std::error::Error>> {
    let container = Container { answers: Arc::new(answers), calls: Arc::default() };
    let router = Router::new()
        .route("/api/v1/namespaces/ns/pods", get(|| async { Json(pods()) }))
        .route("/api/v1/namespaces/ns/pods/p-early/exec", any(exec))
        .with_state(container.clone());
    let (client, _) = serve(router).await?;
    let cluster = cluster(client);
    let calls = call_all(&context(), &cluster, CallStage::Mesh, probes).await;
    Ok((calls, container.calls.load(Ordering::SeqCst)))
}

#[tokio::test]
async fn a_call_is_repeated_until_its_reply_is_right_and_the_last_attempt_counts() -> Checked {
    let (calls, made) = calls(vec!["", "hello nobody", "hello dualstack\n"], &[probe("seed/x/a", "curl")]).await?;
    assert_eq!(made, 3);
    assert_eq!(calls[0].stdout, "hello dualstack\n");
    assert_eq!(calls[0].client.name, "p-early", "the first ready pod by name");
    assert_eq!(calls[0].outcome, CallOutcome::Exited(0));
    Ok(())
}

#[tokio::test]
async fn calls_come_back_in_their_order_each_once() -> Checked {
    let probes: Vec<Probe> = (0..20).map(|number| probe(&format!("seed/x/{number}"), "curl")).collect();
    let (calls, made) = calls(vec!["hello dualstack"], &probes).await?;
    assert_eq!(made, 20);
    let ids: Vec<&str> = calls.iter().map(|call| call.id.as_str()).collect();
    assert_eq!(ids, probes.iter().map(|probe| probe.id.as_str()).collect::<Vec<_>>());
    Ok(())
}

#[tokio::test]
async fn a_stopped_run_loses_its_calls_and_says_so() -> Checked {
    let (client, _) = serve(Router::new().route("/api/v1/namespaces/ns/pods", get(|| async { Json(pods()) }))).await?;
    let cluster = cluster(client);
    let context = context();
    context.cancel.cancel();
    let calls = call_all(&context, &cluster, CallStage::Mesh, &[probe("seed/x/a", "curl")]).await;
    assert!(matches!(&calls[0].outcome, CallOutcome::Lost(why) if why.contains("stopped")), "{:?}", calls[0].outcome);
    Ok(())
}
