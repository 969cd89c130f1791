//! The API server's side of things, against a fake one.

mod fake;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use dualproof_driver::api::{self, ApiError, ExecOutput};
use dualproof_driver::context::RunContext;
use dualproof_driver::trouble::Trouble;
use dualproof_model::evidence::{FailureKind, PodRef};
use kube::Client;
use serde_json::{Value, json};

use fake::{Checked, context, serve};

const LONG: Duration = Duration::from_secs(60);

fn pod() -> PodRef {
    PodRef { namespace: "ns".to_owned(), name: "p".to_owned() }
}

fn refusal(code: u16, message: &str) -> Response {
    let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code});
    (StatusCode::from_u16(code).unwrap_or_default(), Json(body)).into_response()
}

#[tokio::test]
async fn lists_come_back_as_the_server_wrote_them() -> Checked {
    let raw = "{\"kind\":\"NodeList\",\n  \"items\": [ ]}\n";
    let router = Router::new()
        .route("/api/v1/nodes", get(move || async move { raw }))
        .route("/api/v1/secrets", get(|| async { refusal(403, "secrets is forbidden: no") }))
        .route("/api/v1/pods", get(|| async { std::future::pending::<()>().await }));
    let (client, _) = serve(router).await?;
    let mut context = context();
    assert_eq!(api::list_json(&context, &client, "/api/v1/nodes").await?, raw.as_bytes());

    let error = api::list_json(&context, &client, "/api/v1/secrets").await.err().ok_or("it must be refused")?;
    let trouble = Trouble::from(error);
    assert_eq!(trouble.what, "cannot get /api/v1/secrets: secrets is forbidden: no (403)");
    assert!(trouble.hint.contains("right"), "{}", trouble.hint);

    context.timeouts.request = 1;
    let error = api::list_json(&context, &client, "/api/v1/pods").await.err().ok_or("it hangs")?;
    assert_eq!(error.to_string(), "no answer within 1 s to: get /api/v1/pods");
    context.cancel.cancel();
    let error = api::list_json(&context, &client, "/api/v1/nodes").await.err().ok_or("the run was stopped")?;
    assert_eq!(Trouble::from(error).kind, FailureKind::Interrupted);
    Ok(())
}

/// What the fake was asked to patch: path, query, body.
type Patches = Arc<Mutex<Vec<(String, String, Value)>>>;

async fn applying() -> Result<(Client, Patches), Box<dyn std::error::Error>> {
    async fn patched(
        State(patches): State<Patches>,
        Path((namespace, name)): Path<(String, String)>,
        RawQuery(query): RawQuery,
        body: String,
    ) -> Response {
        // The content type is `application/apply-patch+yaml`, and JSON is YAML.
        let Ok(body) = serde_json::from_str::<Value>(&body) else { return refusal(400, "no JSON") };
        if body.pointer("/spec/prots").is_some() {
            return refusal(422, "failed to create typed patch object: .spec.prots: field not declared in schema");
        }
        if let Ok(mut patches) = patches.lock() {
            patches.push((format!("{namespace}/{name}"), query.unwrap_or_default(), body.clone()));
        }
        Json(body).into_response()
    }
    let resources = json!({"kind": "APIResourceList", "groupVersion": "v1", "resources": [
        {"name": "services", "singularName": "service", "namespaced": true, "kind": "Service", "verbs": ["patch"]}]});
    let patches = Patches::default();
    let router = Router::new()
        .route("/api/v1", get(move || async move { Json(resources) }))
        .route("/api/v1/namespaces/{namespace}/services/{name}", axum::routing::patch(patched))
        .fallback(|| async { refusal(404, "the server could not find the requested resource") })
        .with_state(patches.clone());
    Ok((serve(router).await?.0, patches))
}

#[tokio::test]
async fn apply_is_strict_forced_placed_and_labelled() -> Checked {
    let (client, patches) = applying().await?;
    let text =
        "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: elsewhere}\nspec: {ports: [{port: 9000}]}\n";
    let documents = api::documents("m.yaml", text)?;
    let labels = BTreeMap::from([("scenario".to_owned(), "seed".to_owned())]);
    let applied = api::apply(&context(), &client, &documents, Some("ns"), &labels).await?;
    assert_eq!(
        (applied[0].kind.as_str(), applied[0].namespace.as_str(), applied[0].name.as_str()),
        ("Service", "ns", "a")
    );
    let patches = patches.lock().map_err(|_| "poisoned")?;
    let (place, query, body) = &patches[0];
    assert_eq!(place, "ns/a");
    for wanted in ["fieldManager=dualproof", "force=true", "fieldValidation=Strict"] {
        assert!(query.contains(wanted), "{query} lacks {wanted}");
    }
    let labels = json!({"scenario": "seed", "dualproof.dev/run": "r1", "app.kubernetes.io/managed-by": "dualproof"});
    assert_eq!(body["metadata"], json!({"name": "a", "namespace": "ns", "labels": labels}));
    Ok(())
}

#[tokio::test]
async fn apply_names_the_document_that_was_refused() -> Checked {
    let (client, patches) = applying().await?;
    let text = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {}\n---\n\
                apiVersion: v1\nkind: Service\nmetadata: {name: b}\nspec: {prots: []}\n";
    let documents = api::documents("samples/x.yaml", text)?;
    let error =
        api::apply(&context(), &client, &documents, Some("ns"), &BTreeMap::new()).await.err().ok_or("refused")?;
    assert_eq!(
        Trouble::from(error).what,
        "cannot apply document 2 of samples/x.yaml (Service ns/b): failed to create typed patch object: .spec.prots: \
         field not declared in schema (422)"
    );
    assert_eq!(patches.lock().map_err(|_| "poisoned")?.len(), 1, "what came before stays applied");

    let unknown = api::documents("y.yaml", "apiVersion: example.dev/v1\nkind: Thing\nmetadata: {name: t}\n")?;
    let error = api::apply(&context(), &client, &unknown, None, &BTreeMap::new()).await.err().ok_or("unknown")?;
    let what = Trouble::from(error).what;
    assert!(what.starts_with("cannot apply document 1 of y.yaml (Thing t): "), "{what}");
    Ok(())
}

/// What the fake container does with a command: frames to send, and whether it then ends.
#[derive(Clone)]
struct Container {
    frames: Vec<(u8, Vec<u8>)>,
    ends: bool,
}

impl Container {
    fn ends(frames: &[(u8, &str)]) -> Self {
        Self { frames: frames.iter().map(|(channel, text)| (*channel, text.as_bytes().to_vec())).collect(), ends: true }
    }
}

async fn exec_in(container: Container, context: &RunContext, deadline: Duration) -> Result<ExecOutput, ApiError> {
    async fn speak(mut socket: WebSocket, container: Container) {
        for (channel, bytes) in container.frames {
            let frame: Vec<u8> = std::iter::once(channel).chain(bytes).collect();
            if socket.send(Message::Binary(frame.into())).await.is_err() {
                return;
            }
        }
        if container.ends {
            let _ = socket.send(Message::Close(None)).await;
        } else {
            while socket.recv().await.is_some() {}
        }
    }
    let upgrade = move |upgrade: WebSocketUpgrade| async move {
        upgrade.protocols(["v5.channel.k8s.io"]).on_upgrade(move |socket| speak(socket, container.clone()))
    };
    let (client, _) = serve(Router::new().route("/api/v1/namespaces/ns/pods/p/exec", any(upgrade)))
        .await
        .map_err(|error| ApiError::Cancelled { what: format!("serve: {error}") })?;
    api::exec(context, &client, &pod(), "client", &["sh".to_owned(), "-c".to_owned(), "x".to_owned()], None, deadline)
        .await
}

const NON_ZERO: &str = r#"{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code",
    "reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"7"}]}}"#;

#[tokio::test]
async fn exec_returns_both_streams_and_the_exit_code() -> Checked {
    let container =
        Container::ends(&[(1, "hel"), (2, "warn"), (1, "lo"), (3, r#"{"metadata":{},"status":"Success"}"#)]);
    let output = exec_in(container, &context(), LONG).await?;
    assert_eq!((output.code, output.stdout.as_str(), output.stderr.as_str()), (0, "hello", "warn"));

    let output = exec_in(Container::ends(&[(1, "some"), (3, NON_ZERO)]), &context(), LONG).await?;
    assert_eq!((output.code, output.stdout.as_str()), (7, "some"), "a code other than 0 is no error");
    Ok(())
}

#[tokio::test]
async fn exec_reads_more_than_its_pipes_hold() -> Checked {
    let block = vec![b'x'; 100_000];
    let mut frames: Vec<(u8, Vec<u8>)> = Vec::new();
    for _ in 0..10 {
        frames.push((2, block.clone()));
        frames.push((1, block.clone()));
    }
    frames.push((3, NON_ZERO.as_bytes().to_vec()));
    let output = exec_in(Container { frames, ends: true }, &context(), LONG).await?;
    assert_eq!((output.stdout.len(), output.stderr.len(), output.code), (1_000_000, 1_000_000, 7));
    Ok(())
}

#[tokio::test]
async fn exec_that_hangs_ends_at_its_deadline() -> Checked {
    let container = Container { frames: vec![(1, b"begun".to_vec())], ends: false };
    let error = exec_in(container.clone(), &context(), Duration::from_secs(1)).await.err().ok_or("it hangs")?;
    assert_eq!(error.to_string(), "`sh -c x` in ns/p container client did not end within 1 s");
    let context = context();
    context.cancel.cancel();
    assert!(matches!(exec_in(container, &context, LONG).await, Err(ApiError::Cancelled { .. })));
    Ok(())
}

#[tokio::test]
async fn exec_that_never_ran_is_lost_with_the_reason() -> Checked {
    let no_program = r#"{"metadata":{},"status":"Failure","message":"exec: \"sh\": executable file not found","reason":"InternalError","code":500}"#;
    let error = exec_in(Container::ends(&[(3, no_program)]), &context(), LONG).await.err().ok_or("no such program")?;
    assert_eq!(
        error.to_string(),
        "cannot run `sh -c x` in ns/p container client: exec: \"sh\": executable file not found"
    );
    let error = exec_in(Container::ends(&[(1, "half")]), &context(), LONG).await.err().ok_or("no status")?;
    assert!(error.to_string().ends_with("the connection ended without a status"), "{error}");

    let (client, _) = serve(Router::new().fallback(|| async { refusal(404, "pods \"p\" not found") })).await?;
    let error = api::exec(&context(), &client, &pod(), "client", &["true".to_owned()], None, LONG)
        .await
        .err()
        .ok_or("no pod")?;
    assert_eq!(Trouble::from(error).what, "cannot run `true` in ns/p container client: pods \"p\" not found (404)");
    Ok(())
}

/// Speaks the v4 port-forward framing: channel 0 carries data, channel 1 errors, each after a frame with the port.
async fn forward(
    answer: Option<&'static str>,
    error: Option<&'static str>,
) -> Result<Client, Box<dyn std::error::Error>> {
    async fn speak(mut socket: WebSocket, answer: Option<&'static str>, error: Option<&'static str>) {
        for channel in [0_u8, 1] {
            let [low, high] = 15000_u16.to_le_bytes();
            let _ = socket.send(Message::Binary(vec![channel, low, high].into())).await;
        }
        while let Some(Ok(message)) = socket.recv().await {
            let Message::Binary(bytes) = message else { continue };
            if !bytes[1..].ends_with(b"\r\n\r\n") {
                continue;
            }
            if let Some(error) = error {
                let _ = socket.send(Message::Binary([&[1], error.as_bytes()].concat().into())).await;
            }
            if let Some(answer) = answer {
                let asked = String::from_utf8_lossy(&bytes[1..]).to_ascii_lowercase();
                let body = if asked.contains("get /x?y=1 http/1.1") && asked.contains("host: localhost") {
                    answer
                } else {
                    ""
                };
                let _ = socket.send(Message::Binary([&[0], body.as_bytes()].concat().into())).await;
            }
            let _ = socket.send(Message::Close(None)).await;
            return;
        }
    }
    let upgrade = move |upgrade: WebSocketUpgrade| async move {
        upgrade.protocols(["v4.channel.k8s.io"]).on_upgrade(move |socket| speak(socket, answer, error))
    };
    Ok(serve(Router::new().route("/api/v1/namespaces/ns/pods/p/portforward", any(upgrade))).await?.0)
}

#[tokio::test]
async fn a_local_page_comes_through_the_forward() -> Checked {
    let client = forward(Some("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"), None).await?;
    assert_eq!(api::get_local(&context(), &client, &pod(), 15000, "/x?y=1", LONG).await?, b"hello");
    let client = forward(Some("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nuntil the end"), None).await?;
    assert_eq!(api::get_local(&context(), &client, &pod(), 15000, "/x?y=1", LONG).await?, b"until the end");
    Ok(())
}

#[tokio::test]
async fn a_local_page_that_fails_says_why() -> Checked {
    let client = forward(Some("HTTP/1.1 404 Not Found\r\ncontent-length: 12\r\n\r\ninvalid path"), None).await?;
    let error = api::get_local(&context(), &client, &pod(), 15000, "/x?y=1", LONG).await.err().ok_or("404")?;
    assert_eq!(error.to_string(), "cannot get /x?y=1 from port 15000 of ns/p: it answered 404 Not Found: invalid path");
    let client = forward(None, Some("failed to connect to localhost:15000: connection refused")).await?;
    let error = api::get_local(&context(), &client, &pod(), 15000, "/x?y=1", LONG).await.err().ok_or("refused")?;
    assert!(error.to_string().contains("connection refused"), "{error}");
    Ok(())
}

#[tokio::test]
async fn logs_of_a_missing_pod_are_an_error_with_the_servers_words() -> Checked {
    let router = Router::new()
        .route(
            "/api/v1/namespaces/ns/pods/p/log",
            get(|RawQuery(query): RawQuery| async move { query.unwrap_or_default() }),
        )
        .fallback(|| async { refusal(404, "pods \"q\" not found") });
    let (client, _) = serve(router).await?;
    let asked = api::logs(&context(), &client, &pod(), "istio-init", true, Some(5)).await?;
    for wanted in ["container=istio-init", "previous=true", "tailLines=5"] {
        assert!(asked.contains(wanted), "{asked} lacks {wanted}");
    }
    let missing = PodRef { name: "q".to_owned(), ..pod() };
    let error = api::logs(&context(), &client, &missing, "c", false, None).await.err().ok_or("it is missing")?;
    assert_eq!(Trouble::from(error).what, "cannot read the log of ns/q container c: pods \"q\" not found (404)");
    Ok(())
}

/// A fake with one namespace `n` that carries a run's label, if any, and is gone once it was deleted.
async fn namespaces(
    owner: Option<&'static str>,
) -> Result<(Client, Arc<Mutex<Vec<Value>>>), Box<dyn std::error::Error>> {
    let deletions: Arc<Mutex<Vec<Value>>> = Arc::default();
    let labels = owner.map_or_else(|| json!({}), |run| json!({"dualproof.dev/run": run}));
    let object = json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "n", "uid": "u1", "resourceVersion": "5", "labels": labels}});
    let (read, patched, removed, seen) = (object.clone(), object, deletions.clone(), deletions.clone());
    let list = move || {
        let items = if seen.lock().is_ok_and(|deleted| deleted.is_empty()) { vec![read.clone()] } else { Vec::new() };
        async move {
            Json(
                json!({"kind": "NamespaceList", "apiVersion": "v1", "metadata": {"resourceVersion": "9"}, "items": items}),
            )
        }
    };
    let one = patched.clone();
    let ended = deletions.clone();
    let end = move |Json(body): Json<Value>| async move {
        if let Ok(mut ended) = ended.lock() {
            ended.push(body);
        }
        Json(json!({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": []}))
    };
    let delete = move |Json(body): Json<Value>| async move {
        if let Ok(mut removed) = removed.lock() {
            removed.push(body);
        }
        Json(json!({"kind": "Status", "apiVersion": "v1", "status": "Success", "metadata": {}}))
    };
    let router = Router::new()
        .route("/api/v1/namespaces", get(list).post(|| async { refusal(409, "namespaces \"n\" already exists") }))
        .route(
            "/api/v1/namespaces/n",
            get(move || async move { Json(one) }).patch(move || async move { Json(patched) }).delete(delete),
        )
        .route("/api/v1/namespaces/n/pods", axum::routing::delete(end))
        .fallback(|| async { refusal(404, "not found") });
    Ok((serve(router).await?.0, deletions))
}

#[tokio::test]
async fn a_namespace_without_our_label_is_neither_used_nor_removed() -> Checked {
    for (owner, words) in [(None, "nobody that dualproof knows"), (Some("r2"), "run r2")] {
        let (client, deletions) = namespaces(owner).await?;
        let error = api::delete_namespace(&context(), &client, "n").await.err().ok_or("it is not ours")?;
        assert!(error.to_string().contains(words), "{error}");
        assert!(deletions.lock().map_err(|_| "poisoned")?.is_empty());
        let error = api::create_namespace(&context(), &client, "n", &BTreeMap::new()).await.err().ok_or("not ours")?;
        assert!(matches!(error, ApiError::NotOurs { .. }), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn our_namespace_is_used_again_and_removed_until_it_is_gone() -> Checked {
    let (client, deletions) = namespaces(Some("r1")).await?;
    let context = context();
    api::create_namespace(&context, &client, "n", &BTreeMap::new()).await?;
    api::delete_namespace(&context, &client, "n").await?;
    let deleted = deletions.lock().map_err(|_| "poisoned")?.clone();
    // Pods end first, so that nobody waits for the half a minute that they ask for.
    assert_eq!((&deleted[0]["gracePeriodSeconds"], &deleted[1]["preconditions"]["uid"]), (&json!(1), &json!("u1")));
    assert_eq!(context.waits.drain()[0].condition, "namespace n gone");
    api::delete_namespace(&context, &client, "absent").await?;
    Ok(())
}

#[tokio::test]
async fn a_kubeconfig_without_the_context_lists_those_it_has() -> Checked {
    let file = tempfile::NamedTempFile::new()?;
    let text = "apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n\
                users: [{name: u, user: {}}]\ncontexts: [{name: one, context: {cluster: c, user: u}}]\ncurrent-context: one\n";
    std::fs::write(file.path(), text)?;
    api::client(file.path(), Some("one")).await?;
    let error = api::client(file.path(), Some("two")).await.err().ok_or("there is no such context")?;
    assert!(error.to_string().ends_with("has no context `two`; it has one"), "{error}");
    let error = api::client(std::path::Path::new("/nonexistent/kubeconfig"), None).await.err().ok_or("no file")?;
    assert!(matches!(error, ApiError::Kubeconfig { .. }), "{error}");
    Ok(())
}
