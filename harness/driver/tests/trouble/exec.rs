//! Commands in containers that hang, break off, or have no container any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use dualproof_driver::context::RunContext;
use dualproof_driver::probe::{ClientSelector, Probe, call_all};
use dualproof_model::evidence::{AddressKind, Call, CallOutcome, CallStage, Target};
use dualproof_model::plan::Timeouts;

use super::pods::{cluster, list, ready, refusal};
use crate::fake::{Checked, context, serve};

const SUCCESS: &str = r#"{"kind":"Status","apiVersion":"v1","status":"Success"}"#;

/// What the container does with a command.
#[derive(Clone, Copy, Debug)]
enum Ending {
    /// Writes the right reply and ends.
    Ends,
    /// Writes this and stays without a status.
    Hangs(&'static str),
    /// Writes this, and the connection is gone.
    Breaks(&'static str),
}

/// A container: how it ends a call, and how anything else.
#[derive(Clone, Copy, Debug)]
struct Container {
    call: Ending,
    control: Ending,
}

fn probe() -> Probe {
    Probe {
        id: "seed/x/by-name".to_owned(),
        scenario: "seed/x".to_owned(),
        client: ClientSelector { namespace: "ns".to_owned(), app: "sleep".to_owned() },
        container: "sleep".to_owned(),
        target: Target { namespace: "dual-stack".to_owned(), name: "tcp-echo".to_owned(), port: 9000 },
        address_kind: AddressKind::Name,
        address: "tcp-echo.dual-stack".to_owned(),
        argv: vec!["nc".to_owned()],
        reply: Some("hello dualstack".to_owned()),
    }
}

async fn exec(State(container): State<Container>, RawQuery(query): RawQuery, upgrade: WebSocketUpgrade) -> Response {
    let is_call = query.unwrap_or_default().contains("command=nc");
    let ending = if is_call { container.call } else { container.control };
    upgrade.protocols(["v5.channel.k8s.io"]).on_upgrade(move |socket| speak(socket, ending))
}

async fn speak(mut socket: WebSocket, ending: Ending) {
    let stdout = match ending {
        Ending::Ends => "hello dualstack\n",
        Ending::Hangs(said) | Ending::Breaks(said) => said,
    };
    if !stdout.is_empty() {
        send(&mut socket, 1, stdout).await;
    }
    match ending {
        Ending::Ends => {
            send(&mut socket, 3, SUCCESS).await;
            drop(socket.send(Message::Close(None)).await);
        }
        Ending::Hangs(_) => while socket.recv().await.is_some() {},
        Ending::Breaks(_) => {}
    }
}

async fn send(socket: &mut WebSocket, channel: u8, text: &str) {
    // The peer may be gone already.
    drop(socket.send(Message::Binary([&[channel], text.as_bytes()].concat().into())).await);
}

fn pods() -> Router<Container> {
    Router::new().route("/api/v1/namespaces/ns/pods", get(|| async { Json(list("Pod", &[ready("ns", "sleep-1")])) }))
}

async fn call_in(container: Container) -> Result<Call, Box<dyn std::error::Error>> {
    let router = pods().route("/api/v1/namespaces/ns/pods/sleep-1/exec", any(exec)).with_state(container);
    let (client, _) = serve(router).await?;
    made(client).await
}

async fn made(client: kube::Client) -> Result<Call, Box<dyn std::error::Error>> {
    let context = RunContext { timeouts: Timeouts { call: 1, request: 5, ..Timeouts::default() }, ..context() };
    let mut calls = call_all(&context, &cluster(client), CallStage::Mesh, &[probe()]).await;
    Ok(calls.remove(0))
}

#[tokio::test]
async fn a_container_where_everything_hangs_loses_the_call_and_blames_nobody() -> Checked {
    for said in ["", "hello dualstack\n"] {
        let call = call_in(Container { call: Ending::Hangs(said), control: Ending::Hangs("") }).await?;
        let CallOutcome::Lost(why) = &call.outcome else { return Err(format!("{:?}", call.outcome).into()) };
        assert!(
            why.contains("did not end within 1 s, and nothing else can be run there: `true` in ns/sleep-1"),
            "{why}"
        );
        assert_eq!(call.stdout, said);
    }
    Ok(())
}

#[tokio::test]
async fn a_command_that_hangs_where_others_end_is_a_timeout_with_what_it_had_written() -> Checked {
    let call = call_in(Container { call: Ending::Hangs("hello dualstack\n"), control: Ending::Ends }).await?;
    assert_eq!(call.outcome, CallOutcome::Timeout);
    assert_eq!(call.stdout, "hello dualstack\n", "a reply that came is evidence, whether the command ends or not");
    Ok(())
}

#[tokio::test]
async fn an_exec_that_breaks_off_is_lost_with_what_was_heard() -> Checked {
    let call = call_in(Container { call: Ending::Breaks("hello dual"), control: Ending::Ends }).await?;
    assert!(matches!(&call.outcome, CallOutcome::Lost(why) if why.contains("the connection")), "{:?}", call.outcome);
    assert_eq!(call.stdout, "hello dual");
    Ok(())
}

#[tokio::test]
async fn a_client_that_is_deleted_between_the_list_and_the_call_is_lost_by_its_name() -> Checked {
    let gone = || async { refusal(404, "pods \"sleep-1\" not found") };
    let router = pods().route("/api/v1/namespaces/ns/pods/sleep-1/exec", any(gone));
    let (client, _) = serve(router.with_state(Container { call: Ending::Ends, control: Ending::Ends })).await?;
    let call = made(client).await?;
    assert_eq!(call.client.name, "sleep-1", "another pod of the Deployment does not stand in for it");
    assert!(matches!(&call.outcome, CallOutcome::Lost(why) if why.contains("404")), "{:?}", call.outcome);
    Ok(())
}

#[tokio::test]
async fn clients_are_looked_for_again_while_the_api_server_comes_back() -> Checked {
    async fn pods(State(asked): State<Arc<AtomicUsize>>) -> Response {
        match asked.fetch_add(1, Ordering::SeqCst) {
            0 => refusal(500, "etcdserver: leader changed"),
            1 => Json(list("Pod", &[])).into_response(),
            _ => Json(list("Pod", &[ready("ns", "sleep-1")])).into_response(),
        }
    }
    let calls = Router::new()
        .route("/api/v1/namespaces/ns/pods/sleep-1/exec", any(exec))
        .with_state(Container { call: Ending::Ends, control: Ending::Ends });
    let lists = Router::new().route("/api/v1/namespaces/ns/pods", get(pods)).with_state(Arc::<AtomicUsize>::default());
    let (client, _) = serve(calls.merge(lists)).await?;
    assert_eq!(made(client).await?.outcome, CallOutcome::Exited(0));
    Ok(())
}
