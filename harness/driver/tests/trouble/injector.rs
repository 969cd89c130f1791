//! A control plane that goes away: injectors that do not answer, pods that cannot be made, logs of what fell.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use dualproof_driver::context::RunContext;
use dualproof_driver::diagnostics;
use dualproof_driver::mesh::{MeshSettings, Prepared, choose};
use dualproof_driver::trouble::Trouble;
use dualproof_driver::workload::{MeshMark, Workload, deploy};
use dualproof_dump::bundle::{Writer, layout};
use dualproof_model::evidence::FailureKind;
use dualproof_model::plan::{MeshKind, Timeouts};
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::pods::{cluster, list, read_back, ready, refusal, why};
use crate::fake::{Checked, context, serve};

const WEBHOOK: &str = "Internal error occurred: failed calling webhook \"namespace.sidecar-injector.istio.io\": failed to call \
                       webhook: Post \"https://istiod.istio-system.svc:443/inject?timeout=10s\": context deadline exceeded";

const MANIFEST: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: tcp-echo}\nspec: {replicas: 1}\n";

/// A namespace whose Deployment gets no pod; its condition says why or not, the events do.
fn refusing(says_condition: bool, events: Value) -> Router {
    let condition = json!({"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": WEBHOOK});
    let conditions = if says_condition { vec![condition] } else { Vec::new() };
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "tcp-echo", "namespace": "dual-stack", "uid": "d", "generation": 1, "resourceVersion": "3"},
        "spec": {"replicas": 1, "selector": {}, "template": {"spec": {"containers": []}}},
        "status": {"observedGeneration": 1, "conditions": conditions}});
    let resources = json!({"kind": "APIResourceList", "groupVersion": "apps/v1", "resources": [{"name": "deployments",
        "singularName": "deployment", "namespaced": true, "kind": "Deployment", "verbs": ["get", "patch"]}]});
    let (one, listed) = (deployment.clone(), deployment);
    let watched = move |Query(query): Query<BTreeMap<String, String>>| async move {
        if query.contains_key("watch") {
            let silence = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
            return Body::from_stream(silence.boxed()).into_response();
        }
        Json(list("Deployment", &[listed])).into_response()
    };
    let others = move |Path(kind): Path<String>| async move {
        match kind.as_str() {
            "events" => Json(events).into_response(),
            _ => Json(list("Pod", &[])).into_response(),
        }
    };
    Router::new()
        .route("/api/v1/namespaces", post(|Json(namespace): Json<Value>| async move { Json(namespace) }))
        .route("/apis/apps/v1", get(move || async move { Json(resources) }))
        .route("/apis/apps/v1/namespaces/dual-stack/deployments/tcp-echo", patch(move || async move { Json(one) }))
        .route("/apis/apps/v1/namespaces/dual-stack/deployments", get(watched))
        .route("/api/v1/namespaces/dual-stack/{kind}", get(others))
}

fn failed_create(minute: u32) -> Value {
    json!({"metadata": {"name": "e", "namespace": "dual-stack"}, "type": "Warning", "reason": "FailedCreate",
        "message": format!("Error creating: {WEBHOOK}"), "lastTimestamp": format!("2026-01-01T00:{minute:02}:00Z"),
        "involvedObject": {"kind": "ReplicaSet", "name": "tcp-echo-7cd65b5cd9"}})
}

async fn deployed(router: Router) -> Result<Trouble, Box<dyn std::error::Error>> {
    let (client, _) = serve(router).await?;
    let context =
        RunContext { timeouts: Timeouts { workload_ready: 1, request: 1, ..Timeouts::default() }, ..context() };
    let mark = MeshMark { label: Some(("istio-injection", "enabled")), sidecar: Some("istio-proxy") };
    let (namespace, manifest, text) = ("dual-stack".to_owned(), "m.yaml".to_owned(), MANIFEST.to_owned());
    let workloads = [Workload { namespace, manifest, text, inject: true }];
    let ended = deploy(&context, &cluster(client), &workloads, mark).await;
    Ok(Trouble::from(ended.err().ok_or("no pod can be made")?))
}

#[tokio::test]
async fn pods_that_the_injector_keeps_from_being_made_are_told_with_the_events_text() -> Checked {
    for says_condition in [true, false] {
        let trouble = deployed(refusing(says_condition, list("Event", &[failed_create(1), failed_create(2)]))).await?;
        assert_eq!(trouble.kind, FailureKind::Inconclusive, "a webhook that hangs is nobody's verdict");
        let event = format!("in dual-stack: FailedCreate ReplicaSet/tcp-echo-7cd65b5cd9: Error creating: {WEBHOOK}");
        assert_eq!(trouble.what.matches(&event).count(), 1, "{}", trouble.what);
        let last = "waited 1 s for deployments of dual-stack available; last seen: deployment dual-stack/tcp-echo: 0 of 1 \
                    replicas available";
        assert!(trouble.what.contains(last), "{}", trouble.what);
        assert_eq!(trouble.what.matches(WEBHOOK).count(), 1 + usize::from(says_condition), "{}", trouble.what);
        assert_eq!(trouble.hint, "the injector did not answer: look at the log of istiod");
    }
    Ok(())
}

#[tokio::test]
async fn reasons_that_cannot_be_asked_for_are_told_as_such() -> Checked {
    let trouble = deployed(refusing(false, json!("no list"))).await?;
    assert!(
        trouble.what.contains("in dual-stack: not known: /api/v1/namespaces/dual-stack/events is no list"),
        "{}",
        trouble.what
    );
    Ok(())
}

#[tokio::test]
async fn an_injector_that_never_answers_ends_the_install_with_its_last_words() -> Checked {
    let istiod = json!({"metadata": {"name": "istiod", "namespace": "istio-system"},
        "spec": {"selector": {}, "template": {"spec": {"containers": [{"name": "discovery", "image": "pilot:1.31.0"}]}}}});
    let mut dying = ready("istio-system", "istiod-1");
    dying["status"] = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}], "containerStatuses": [{
        "name": "discovery", "image": "pilot", "imageID": "", "ready": false, "restartCount": 1,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 137, "reason": "Error"}}}]});
    let router = Router::new()
        .route("/apis/apps/v1/deployments", get(move || async move { Json(list("Deployment", &[istiod])) }))
        .route(
            "/api/v1/namespaces/istio-system/pods",
            post(|| async { refusal(500, WEBHOOK) }).get(move || async move { Json(list("Pod", &[dying])) }),
        )
        .route("/api/v1/namespaces/istio-system/events", get(|| async { Json(list("Event", &[])) }))
        .route("/api/v1/namespaces/istio-system/pods/istiod-1/log", get(|| async { "xds: out of memory\n" }))
        .fallback(|| async { refusal(404, "not found") });
    let (client, _) = serve(router).await?;
    let context = RunContext { timeouts: Timeouts { mesh_install: 1, request: 1, ..Timeouts::default() }, ..context() };
    let mesh = choose(MeshKind::Istio, &MeshSettings::default());
    let ended = mesh.install(&context, &cluster(client), &Prepared::default()).await;
    let trouble = Trouble::from(ended.err().ok_or("nothing is injected")?);
    assert_eq!(trouble.kind, FailureKind::Inconclusive);
    assert!(
        trouble.what.starts_with(
            "the mesh is installed and injects no pod, because of pod istio-system/istiod-1: container \
        discovery: CrashLoopBackOff, last Error with exit code 137"
        ),
        "{}",
        trouble.what
    );
    assert!(trouble.what.contains("last said: xds: out of memory"), "{}", trouble.what);
    assert!(trouble.what.contains(&format!("last seen: {WEBHOOK}")), "{}", trouble.what);
    Ok(())
}

/// An istiod that was killed and has not come back, with the logs that it left.
fn fallen() -> Router {
    async fn log(Query(query): Query<BTreeMap<String, String>>) -> Response {
        if query.get("previous").is_some_and(|previous| previous == "true") { "its last words\n" } else { "up again\n" }
            .into_response()
    }
    let mut istiod = ready("istio-system", "istiod-1");
    istiod["status"]["conditions"] = json!([{"type": "Ready", "status": "False"}]);
    istiod["status"]["containerStatuses"] = json!([{"name": "discovery", "image": "pilot", "imageID": "", "ready": false,
        "restartCount": 1, "state": {"running": {}}, "lastState": {"terminated": {"exitCode": 137}}}]);
    Router::new()
        .route("/api/v1/namespaces/istio-system/pods", get(move || async move { Json(list("Pod", &[istiod])) }))
        .route("/api/v1/namespaces/istio-system/pods/istiod-1/log", get(log))
}

#[tokio::test]
async fn the_log_of_an_istiod_that_fell_is_kept_though_it_is_not_ready() -> Checked {
    let (client, _) = serve(fallen()).await?;
    let folder = tempfile::tempdir()?;
    let writer = Writer::create(folder.path())?;
    choose(MeshKind::Istio, &MeshSettings::default()).collect_log(&context(), &cluster(client), &writer).await;
    let bundle = read_back(&writer)?;
    assert!(why(&bundle, layout::CONTROL_PLANE_LOG).is_err(), "it is not missing");
    let log = std::fs::read_to_string(folder.path().join(layout::CONTROL_PLANE_LOG))?;
    assert_eq!(
        log,
        "==> istio-system/istiod-1 before its restart <==\nits last words\n\n==> istio-system/istiod-1 <==\nup again\n\n"
    );
    Ok(())
}

#[tokio::test]
async fn a_control_plane_that_is_not_there_leaves_a_missing_log_and_no_empty_file() -> Checked {
    let router = Router::new().route("/api/v1/namespaces/istio-system/pods", get(|| async { Json(list("Pod", &[])) }));
    let (client, _) = serve(router).await?;
    let folder = tempfile::tempdir()?;
    let writer = Writer::create(folder.path())?;
    choose(MeshKind::Istio, &MeshSettings::default()).collect_log(&context(), &cluster(client), &writer).await;
    let bundle = read_back(&writer)?;
    assert_eq!(why(&bundle, layout::CONTROL_PLANE_LOG)?, "there is no pod of istiod in istio-system");
    assert!(!bundle.evidence.manifest.files.contains_key(layout::CONTROL_PLANE_LOG));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_diagnosis_over_a_silent_api_server_holds_what_failed_and_what_could_not_be_asked() -> Checked {
    let front = super::front::Front::before("http://127.0.0.1:1").await?;
    front.fall_silent().await?;
    let folder = tempfile::tempdir()?;
    let writer = Writer::create(folder.path())?;
    let context = RunContext { timeouts: Timeouts { request: 20, ..Timeouts::default() }, ..context() };
    let cluster = cluster(front.client()?);
    diagnostics::collect(
        &context,
        &cluster,
        "workloads",
        "the workloads are not ready",
        &["dual-stack", "sleep"],
        &writer,
    )
    .await;
    let bundle = read_back(&writer)?;
    let text = std::fs::read_to_string(folder.path().join("logs/diagnosis.txt"))?;
    assert!(text.starts_with("stage workloads failed: the workloads are not ready\n"), "{text}");
    assert!(text.contains("namespace dual-stack\n  not known: no answer within 20 s to: get /api/v1/"), "{text}");
    let said = why(&bundle, "the rest of logs/diagnosis.txt")?;
    assert_eq!(said, "the API server did not tell all within 30 s");
    Ok(())
}
