//! Deploying and removing, against a fake API server.

mod fake;
#[path = "fake/cluster.rs"]
mod fake_cluster;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use dualproof_driver::cluster::Cluster;
use dualproof_driver::trouble::Trouble;
use dualproof_driver::workload::{MeshMark, Workload, WorkloadError, deploy, remove, reuse};
use dualproof_model::evidence::FailureKind;
use kube::Client;
use serde_json::{Value, json};

use fake::{Checked, context, serve};

const NO_MESH: MeshMark<'static> = MeshMark { label: None, sidecar: None };
const SERVICE: &str =
    "apiVersion: v1\nkind: Service\nmetadata: {name: tcp-echo}\nspec: {ipFamilyPolicy: RequireDualStack}\n";

fn cluster(client: Client) -> Cluster {
    fake_cluster::cluster(client, true)
}

fn workload(namespace: &str, text: &str, inject: bool) -> Workload {
    Workload { namespace: namespace.to_owned(), manifest: "m.yaml".to_owned(), text: text.to_owned(), inject }
}

fn refusal(code: u16, message: &str) -> Response {
    let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code});
    (StatusCode::from_u16(code).unwrap_or_default(), Json(body)).into_response()
}

fn namespace(name: &str, labels: Value) -> Value {
    json!({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name, "uid": name, "labels": labels}})
}

type Made = Arc<Mutex<Vec<Value>>>;

async fn make(State(made): State<Made>, Json(object): Json<Value>) -> Response {
    if let Ok(mut made) = made.lock() {
        made.push(object.clone());
    }
    (StatusCode::CREATED, Json(object)).into_response()
}

#[tokio::test]
async fn a_cluster_of_one_family_is_blamed_by_its_own_words() -> Checked {
    let made = Made::default();
    let words = "Service \"tcp-echo\" is invalid: spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not \
                 configured for dual-stack services";
    let resources = json!({"kind": "APIResourceList", "groupVersion": "v1", "resources": [{"name": "services",
        "singularName": "service", "namespaced": true, "kind": "Service", "verbs": ["get", "patch"]}]});
    let router = Router::new()
        .route("/api/v1/namespaces", post(make))
        .route("/api/v1", get(move || async move { Json(resources) }))
        .route("/api/v1/namespaces/dual/services/tcp-echo", patch(move || async move { refusal(422, words) }))
        .with_state(Arc::clone(&made));
    let (client, _) = serve(router).await?;
    let mark = MeshMark { label: Some(("istio-injection", "enabled")), sidecar: Some("istio-proxy") };
    let workloads = [workload("dual", SERVICE, true), workload("plain", "", false)];
    let failed = deploy(&context(), &cluster(client), &workloads, mark).await;
    let error = failed.err().ok_or("the Service is refused")?;
    assert!(matches!(error, WorkloadError::NotDual(_)), "{error:?}");
    let trouble = Trouble::from(error);
    assert_eq!(trouble.kind, FailureKind::InvalidEnvironment);
    assert!(trouble.what.contains("document 1 of m.yaml (Service dual/tcp-echo)"), "{}", trouble.what);
    assert!(trouble.hint.contains("ipFamily: dual"), "{}", trouble.hint);

    let mut labels: Vec<Value> = Vec::new();
    for object in made.lock().map_err(|_| "poisoned")?.iter() {
        labels.push(object["metadata"]["labels"].clone());
    }
    labels.sort_by_key(|labels| labels.get("istio-injection").is_none());
    let ours = json!({"dualproof.dev/run": "r1", "app.kubernetes.io/managed-by": "dualproof"});
    let mut injected = ours.clone();
    injected["istio-injection"] = "enabled".into();
    assert_eq!(labels, [injected, ours]);
    Ok(())
}

#[tokio::test]
async fn input_that_makes_no_sense_is_refused_before_anything_is_made() -> Checked {
    let made = Made::default();
    let (client, _) = serve(Router::new().fallback(make).with_state(Arc::clone(&made))).await?;
    let cluster = cluster(client);
    let cases = [
        (
            vec![workload("a", SERVICE, true), workload("a", SERVICE, false)],
            "namespace a is wanted both in the mesh and outside of it",
        ),
        (
            vec![workload("a", SERVICE, true), workload("b", "kind: Service\n", true)],
            "m.yaml, document 1: this object has no apiVersion",
        ),
    ];
    for (workloads, expected) in cases {
        let error = deploy(&context(), &cluster, &workloads, NO_MESH).await.err().ok_or(expected)?;
        assert_eq!(error.to_string(), expected);
    }
    assert!(made.lock().is_ok_and(|made| made.is_empty()));
    Ok(())
}

#[tokio::test]
async fn a_namespace_of_somebody_else_is_not_used() -> Checked {
    let router = Router::new()
        .route("/api/v1/namespaces", post(|| async { refusal(409, "already exists") }))
        .route("/api/v1/namespaces/a", get(|| async { Json(namespace("a", json!({"dualproof.dev/run": "r2"}))) }));
    let (client, _) = serve(router).await?;
    let failed = deploy(&context(), &cluster(client), &[workload("a", SERVICE, false)], NO_MESH).await;
    let trouble = Trouble::from(failed.err().ok_or("it belongs to another run")?);
    assert_eq!(trouble.what, "namespace `a` is there and does not belong to run r1 (it belongs to run r2)");
    assert_eq!(trouble.kind, FailureKind::InvalidEnvironment);
    Ok(())
}

#[tokio::test]
async fn workloads_that_are_there_are_found_as_they_are() -> Checked {
    let pod = |name: &str, containers: Value, ready: &str| {
        json!({"metadata": {"name": name, "namespace": "a", "labels": {"app": name}}, "spec": {"containers": containers},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]}})
    };
    let app = json!({"name": "app"});
    let items = json!([
        pod("naked", json!([app]), "True"),
        pod("meshed", json!([app, {"name": "istio-proxy"}]), "True"),
        pod("dead", json!([app]), "False"),
    ]);
    let list = |items: Value| Json(json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items}));
    let router = Router::new()
        .route("/api/v1/namespaces/a/pods", get(move || async move { list(items) }))
        .route("/api/v1/namespaces/empty/{kind}", get(move || async move { list(json!([])) }));
    let (client, _) = serve(router).await?;
    let cluster = cluster(client);
    let here = BTreeSet::from(["a".to_owned()]);
    let found = reuse(&context(), &cluster, &here, Some("istio-proxy")).await?;
    let names: Vec<(&str, bool)> = found.pods.iter().map(|pod| (pod.app.as_str(), pod.meshed)).collect();
    assert_eq!(names, [("meshed", true), ("naked", false)]);
    assert_eq!(found.meshed().iter().map(ToString::to_string).collect::<Vec<_>>(), ["a/meshed"]);

    let both = BTreeSet::from(["a".to_owned(), "empty".to_owned()]);
    let error = reuse(&context(), &cluster, &both, None).await.err().ok_or("one is empty")?;
    assert_eq!(error.to_string(), "namespace empty has no ready pod");
    Ok(())
}

#[tokio::test]
async fn removal_asks_for_this_runs_label_and_reports_what_stays() -> Checked {
    type Asked = Arc<Mutex<Vec<String>>>;
    let asked = Asked::default();
    async fn list(State(asked): State<Asked>, Query(query): Query<Vec<(String, String)>>) -> Response {
        if let Ok(mut asked) = asked.lock() {
            asked.extend(query.into_iter().map(|(key, value)| format!("{key}={value}")));
        }
        let ours = json!({"dualproof.dev/run": "r1"});
        let items: Vec<Value> =
            ["gone", "stays", "istio-system"].iter().map(|name| namespace(name, ours.clone())).collect();
        Json(json!({"kind": "NamespaceList", "apiVersion": "v1", "metadata": {}, "items": items})).into_response()
    }
    async fn one(State(asked): State<Asked>, Path(name): Path<String>) -> Response {
        if let Ok(mut asked) = asked.lock() {
            asked.push(name.clone());
        }
        match name.as_str() {
            "gone" => refusal(404, "not found"),
            // Relabelled by somebody between the list and now.
            _ => Json(namespace(&name, json!({}))).into_response(),
        }
    }
    let router = Router::new()
        .route("/api/v1/namespaces", get(list))
        .route("/api/v1/namespaces/{name}", get(one))
        .with_state(Arc::clone(&asked));
    let (client, _) = serve(router).await?;
    let remains = remove(&context(), &cluster(client), &["istio-system"]).await?;
    assert_eq!(remains.len(), 1, "{remains:?}");
    assert!(
        remains[0].starts_with("namespace stays: ") && remains[0].contains("does not belong to run r1"),
        "{remains:?}"
    );
    let asked = asked.lock().map_err(|_| "poisoned")?;
    assert!(asked.contains(&"labelSelector=dualproof.dev/run=r1".to_owned()), "{asked:?}");
    assert!(!asked.contains(&"istio-system".to_owned()), "{asked:?}");
    Ok(())
}
