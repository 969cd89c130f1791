//! The mesh of an embedded cluster against a fake API server: what is asked of it, in which order, and what is made of its answers.

mod fake;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use dualproof_driver::cluster::{Cluster, WayIn};
use dualproof_driver::context::RunContext;
use dualproof_driver::mesh::{Installed, MeshSettings, choose};
use dualproof_driver::trouble::Trouble;
use dualproof_model::evidence::FailureKind;
use dualproof_model::plan::{MeshKind, Timeouts};
use fake::{Checked, context, serve};
use kube::Client;
use serde_json::{Value, json};

/// What was asked, as `POST /api/v1/namespaces`.
type Asked = Arc<Mutex<Vec<String>>>;

fn resource(name: &str, kind: &str) -> Value {
    json!({"name": name, "singularName": "", "namespaced": true, "kind": kind, "verbs": ["get", "patch"]})
}

/// An API server that takes everything, whose istiod is Ready or not, and whose injector works.
fn router(asked: &Asked, is_ready: bool) -> Router {
    let asked = Arc::clone(asked);
    Router::new().fallback(move |request: Request| {
        let asked = Arc::clone(&asked);
        async move { answer(&asked, is_ready, request).await }
    })
}

async fn answer(asked: &Asked, is_ready: bool, request: Request) -> Response {
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    let is_watch = request.uri().query().is_some_and(|query| query.contains("watch=true"));
    let bytes = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap_or_default();
    let mut body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    asked.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{method} {path}"));
    let status = if is_ready { "True" } else { "False" };
    let istiod = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "istiod-1", "namespace": "istio-system", "uid": "u", "labels": {"app": "istiod"}},
        "spec": {"containers": [{"name": "discovery"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": status}]}});
    match (method.as_str(), path.as_str()) {
        ("GET", "/api/v1") => {
            let kinds = [("configmaps", "ConfigMap"), ("serviceaccounts", "ServiceAccount"), ("services", "Service")];
            let resources: Vec<Value> = kinds.iter().map(|(name, kind)| resource(name, kind)).collect();
            Json(json!({"kind": "APIResourceList", "groupVersion": "v1", "resources": resources})).into_response()
        }
        ("GET", "/apis/apps/v1") => {
            let resources = [resource("deployments", "Deployment")];
            Json(json!({"kind": "APIResourceList", "groupVersion": "apps/v1", "resources": resources})).into_response()
        }
        // A watch that says nothing.
        ("GET", "/api/v1/namespaces/istio-system/pods") if is_watch => std::future::pending().await,
        ("GET", "/api/v1/namespaces/istio-system/pods") => {
            let metadata = json!({"resourceVersion": "1"});
            Json(json!({"apiVersion": "v1", "kind": "PodList", "metadata": metadata, "items": [istiod]}))
                .into_response()
        }
        ("POST", "/api/v1/namespaces/istio-system/pods") => {
            body["spec"]["initContainers"] = json!([{"name": "istio-proxy"}]);
            Json(body).into_response()
        }
        ("POST" | "PATCH", _) => Json(body).into_response(),
        _ => {
            let refusal =
                json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404});
            (StatusCode::NOT_FOUND, Json(refusal)).into_response()
        }
    }
}

fn cluster(client: Client) -> Cluster {
    Cluster {
        client,
        name: "c".to_owned(),
        kubeconfig: PathBuf::new(),
        context: None,
        created: true,
        nodes: Vec::new(),
        way_in: WayIn::Page("/dualproof.dev/netns"),
    }
}

#[tokio::test]
async fn it_is_applied_waited_for_and_tried_with_a_pod() -> Checked {
    let (asked, folder) = (Asked::default(), tempfile::tempdir()?);
    let (client, _) = serve(router(&asked, true)).await?;
    let context = RunContext { folder: folder.path().to_owned(), ..context() };
    let mesh = choose(MeshKind::Embedded, &MeshSettings::default());
    let prepared = mesh.prepare(&context).await?;
    assert_eq!(prepared.version, mesh.version_at_hand(&context).await);
    assert_eq!((prepared.images.len(), prepared.inputs.len()), (0, 1));
    assert_eq!(std::fs::read(&prepared.inputs[0].path)?, prepared.inputs[0].bytes);
    assert_eq!(mesh.install(&context, &cluster(client), &prepared).await?, Installed::Made);
    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let written: Vec<&str> = asked.iter().map(String::as_str).filter(|asked| !asked.starts_with("GET")).collect();
    let system = "/api/v1/namespaces/istio-system";
    let expected = [
        "POST /api/v1/namespaces".to_owned(),
        format!("PATCH {system}/configmaps/dualproof-mesh"),
        format!("PATCH {system}/serviceaccounts/istiod"),
        format!("PATCH {system}/services/istiod"),
        "PATCH /apis/apps/v1/namespaces/istio-system/deployments/istiod".to_owned(),
        format!("POST {system}/pods"),
    ];
    assert_eq!(written, expected);
    Ok(())
}

#[tokio::test]
async fn a_control_plane_that_does_not_come_up_is_told() -> Checked {
    let folder = tempfile::tempdir()?;
    let (client, _) = serve(router(&Asked::default(), false)).await?;
    let timeouts = Timeouts { mesh_install: 1, request: 1, ..Timeouts::default() };
    let context = RunContext { folder: folder.path().to_owned(), timeouts, ..context() };
    let mesh = choose(MeshKind::Embedded, &MeshSettings::default());
    let prepared = mesh.prepare(&context).await?;
    let ended = mesh.install(&context, &cluster(client), &prepared).await;
    let trouble = Trouble::from(ended.err().ok_or("it is not ready")?);
    assert_eq!(trouble.kind, FailureKind::Inconclusive);
    assert!(trouble.what.starts_with("the mesh's control plane is not ready"), "{}", trouble.what);
    assert!(trouble.what.contains("istiod-1"), "{}", trouble.what);
    Ok(())
}

#[tokio::test]
async fn settings_that_it_does_not_know_are_bad_input() -> Checked {
    for settings in [
        MeshSettings { sets: vec!["values.pilot.env=x".to_owned()], ..MeshSettings::default() },
        MeshSettings { overlays: vec![PathBuf::from("overlay.yaml")], ..MeshSettings::default() },
    ] {
        let refused = choose(MeshKind::Embedded, &settings).check();
        let trouble = Trouble::from(refused.err().ok_or("it is taken")?);
        assert_eq!(trouble.kind, FailureKind::BadInput, "{}", trouble.what);
    }
    Ok(())
}
