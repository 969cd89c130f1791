//! The baseline against a fake API server: what it deploys, and what becomes of a cluster that refuses it.
//!
//! That its calls are made is proved by the live runs and by the judge's own list of them.

mod fake;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use dualproof_driver::baseline::{self, BaselineError};
use dualproof_driver::cluster::Cluster;
use dualproof_driver::trouble::{Explained, Trouble};
use dualproof_model::evidence::FailureKind;
use dualproof_model::family::FamilyOrder;
use serde_json::{Value, json};

use fake::{Checked, context, serve};

/// What was made, in its order.
type Made = Arc<Mutex<Vec<Value>>>;

/// An API server that takes everything but a Service with this policy.
async fn api_server(refused_policy: &'static str) -> Result<(Cluster, Made), Box<dyn std::error::Error>> {
    let made = Made::default();
    let keep = move |made: &Made, body: &str| -> Response {
        let Ok(object) = serde_json::from_str::<Value>(body) else { return StatusCode::BAD_REQUEST.into_response() };
        if object["spec"]["ipFamilyPolicy"] == refused_policy {
            let message = "Service \"echo-require\" is invalid: spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this \
                           cluster is not configured for dual-stack services";
            let body = json!({"kind": "Status", "status": "Failure", "message": message, "code": 422});
            return (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response();
        }
        if let Ok(mut made) = made.lock() {
            made.push(object.clone());
        }
        Json(object).into_response()
    };
    let kinds = |version: &str, name: &str, kind: &str| {
        let resource = json!({"name": name, "singularName": "", "namespaced": true, "kind": kind, "verbs": ["patch"]});
        Json(json!({"kind": "APIResourceList", "groupVersion": version, "resources": [resource]}))
    };
    let (core, apps) = (kinds("v1", "services", "Service"), kinds("apps/v1", "daemonsets", "DaemonSet"));
    let empty = json!({"metadata": {"resourceVersion": "1"}, "items": []});
    let router = Router::new()
        .route("/api/v1", get(move || async move { core }))
        .route("/apis/apps/v1", get(move || async move { apps }))
        .route(
            "/api/v1/namespaces",
            post(move |State(made): State<Made>, body: String| async move { keep(&made, &body) }),
        )
        .route(
            "/api/v1/namespaces/dualproof-baseline/services/{name}",
            patch(
                move |State(made): State<Made>, Path(_): Path<String>, body: String| async move { keep(&made, &body) },
            ),
        )
        .route(
            "/apis/apps/v1/namespaces/dualproof-baseline/daemonsets/{name}",
            patch(
                move |State(made): State<Made>, Path(_): Path<String>, body: String| async move { keep(&made, &body) },
            ),
        )
        .fallback(move |RawQuery(query): RawQuery| async move {
            if query.is_some_and(|query| query.contains("watch=true")) {
                let silence = futures_util::stream::pending::<Result<String, std::io::Error>>();
                return Body::from_stream(silence).into_response();
            }
            Json(empty).into_response()
        })
        .with_state(made.clone());
    let (client, _) = serve(router).await?;
    let (name, kubeconfig) = ("fake".to_owned(), PathBuf::new());
    Ok((
        Cluster {
            client,
            name,
            kubeconfig,
            context: None,
            created: false,
            nodes: Vec::new(),
            way_in: dualproof_driver::cluster::WayIn::Docker,
        },
        made,
    ))
}

#[tokio::test]
async fn a_cluster_without_two_families_is_an_invalid_environment() -> Checked {
    let (cluster, _) = api_server("RequireDualStack").await?;
    let error =
        baseline::measure(&context(), &cluster, FamilyOrder::V4First).await.err().ok_or("it must be refused")?;
    assert!(matches!(error, BaselineError::NotDualStack(_)), "{error}");
    let trouble = Trouble::from(error);
    assert_eq!(trouble.kind, FailureKind::InvalidEnvironment);
    assert!(trouble.what.contains("not configured for dual-stack services"), "{}", trouble.what);
    Ok(())
}

#[tokio::test]
async fn pods_that_do_not_come_are_an_invalid_environment_with_the_last_status() -> Checked {
    let (cluster, made) = api_server("none").await?;
    let mut context = context();
    context.timeouts.baseline = 1;
    let error = baseline::measure(&context, &cluster, FamilyOrder::V4First).await.err().ok_or("no pods come")?;
    assert_eq!(error.kind(), FailureKind::InvalidEnvironment);
    let what = Trouble::from(error).what;
    assert!(what.ends_with("last seen: 0 of 2 daemonsets are there"), "{what}");

    let made = made.lock().map_err(|_| "poisoned")?;
    let names: Vec<&str> = made.iter().filter_map(|object| object["metadata"]["name"].as_str()).collect();
    assert_eq!(names, ["dualproof-baseline", "echo", "client", "echo-prefer", "echo-require"]);
    assert_eq!(made[0]["metadata"]["labels"]["istio-injection"], "disabled");
    for object in made.iter() {
        assert_eq!(object["metadata"]["labels"]["dualproof.dev/run"], "r1", "{object}");
        assert!(object["spec"].get("ipFamilies").is_none(), "the cluster chooses the families: {object}");
    }
    for set in &made[1..3] {
        assert_eq!(set["spec"]["template"]["metadata"]["labels"]["dualproof.dev/run"], "r1");
        assert_eq!(set["spec"]["template"]["spec"]["tolerations"], json!([{"operator": "Exists"}]));
    }
    Ok(())
}

#[tokio::test]
async fn a_stopped_run_is_interrupted() -> Checked {
    let (cluster, made) = api_server("none").await?;
    let context = context();
    context.cancel.cancel();
    let error = baseline::measure(&context, &cluster, FamilyOrder::V4First).await.err().ok_or("it was stopped")?;
    assert_eq!(error.kind(), FailureKind::Interrupted);
    assert!(made.lock().map_err(|_| "poisoned")?.is_empty());
    Ok(())
}
