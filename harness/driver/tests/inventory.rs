//! A cluster that was used is shown to be as it was, against a fake API server.

mod fake;
#[path = "fake/cluster.rs"]
mod fake_cluster;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use dualproof_driver::cluster::{Inventory, as_before};
use dualproof_driver::trouble::{Explained, chain};
use dualproof_model::evidence::FailureKind;
use kube::Client;
use serde_json::{Value, json};

use fake::{Checked, context, serve};

/// Long enough for a look or two, short enough to wait for.
const SHORT: Duration = Duration::from_secs(1);

/// What the fake serves: ConfigMaps, and the status and items of a kind that somebody defined.
#[derive(Clone)]
struct Contents {
    config_maps: Arc<Mutex<Vec<Value>>>,
    defined: (StatusCode, Vec<Value>),
}

fn object(namespace: &str, name: &str, owners: Value) -> Value {
    json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata",
        "metadata": {"namespace": namespace, "name": name, "ownerReferences": owners}})
}

fn owned() -> Value {
    json!([{"apiVersion": "v1", "kind": "Service", "name": "s", "uid": "u"}])
}

fn kinds(group: &str, kinds: &[(&str, &str, &[&str])]) -> Json<Value> {
    let resources: Vec<Value> = kinds
        .iter()
        .map(|(kind, plural, verbs)| {
            json!({"name": plural, "singularName": "", "namespaced": true, "kind": kind, "verbs": verbs})
        })
        .collect();
    Json(json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group, "resources": resources}))
}

fn list(items: &[Value]) -> Value {
    json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList", "metadata": {}, "items": items})
}

async fn server(contents: &Contents) -> Result<Client, Box<dyn std::error::Error>> {
    async fn config_maps(State(contents): State<Contents>) -> Json<Value> {
        Json(list(&contents.config_maps.lock().unwrap_or_else(PoisonError::into_inner)))
    }
    async fn defined(State(contents): State<Contents>) -> Response {
        let (status, items) = contents.defined;
        let refused = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": "the server says no", "code": status.as_u16()});
        let body = if status.is_success() { list(&items) } else { refused };
        (status, Json(body)).into_response()
    }
    let version = json!({"groupVersion": "mesh.example/v1", "version": "v1"});
    let groups = json!({"kind": "APIGroupList", "apiVersion": "v1",
        "groups": [{"name": "mesh.example", "versions": [version], "preferredVersion": version}]});
    let router = Router::new()
        .route(
            "/api",
            get(|| async {
                Json(json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}))
            }),
        )
        .route("/apis", get(move || async { Json(groups) }))
        .route(
            "/api/v1",
            get(|| async {
                kinds(
                    "v1",
                    &[
                        ("ConfigMap", "configmaps", &["list", "get"]),
                        ("Event", "events", &["list", "get"]),
                        ("Binding", "bindings", &["create"]),
                    ],
                )
            }),
        )
        .route("/apis/mesh.example/v1", get(|| async { kinds("mesh.example/v1", &[("Rule", "rules", &["list"])]) }))
        .route("/api/v1/configmaps", get(config_maps))
        .route("/apis/mesh.example/v1/rules", get(defined))
        .with_state(contents.clone());
    Ok(serve(router).await?.0)
}

#[tokio::test]
async fn what_is_there_too_many_is_named_until_it_is_gone() -> Checked {
    let first = vec![object("kube-system", "root", json!([])), object("default", "kept", json!([]))];
    let contents = Contents { config_maps: Arc::new(Mutex::new(first.clone())), defined: (StatusCode::OK, Vec::new()) };
    let cluster = fake_cluster::cluster(server(&contents).await?, true);
    let context = context();
    let before = Inventory::take(&context, &cluster).await?;
    assert_eq!(before.len(), 2);

    // One that is owned goes with its owner; one that is gone is no surplus; the rest is.
    let now: Vec<Value> =
        ["a", "b", "c", "d", "e", "f"].iter().map(|name| object("default", name, json!([]))).collect();
    let with_owned = [&first[..1], &now, &[object("default", "slice", owned())]].concat();
    *contents.config_maps.lock().map_err(|_| "poisoned")? = with_owned;
    let error = as_before(&context, &cluster, &before, SHORT).await.err().ok_or("six are too many")?;
    let said = chain(&error);
    assert!(said.contains("is not as it was"), "{said}");
    assert!(said.contains("still there: ConfigMap default/a, ConfigMap default/b"), "{said}");
    assert!(said.ends_with("and 1 more"), "{said}");
    assert!(!said.contains("slice"), "{said}");
    assert_eq!(error.kind(), FailureKind::InvalidEnvironment);

    *contents.config_maps.lock().map_err(|_| "poisoned")? = first;
    as_before(&context, &cluster, &before, Duration::from_secs(5)).await?;
    Ok(())
}

#[tokio::test]
async fn a_kind_that_somebody_left_counts_by_its_objects_and_one_that_is_gone_has_none() -> Checked {
    let none = Arc::new(Mutex::new(Vec::new()));
    let contents = |defined| Contents { config_maps: Arc::clone(&none), defined };
    let context = context();
    let gone = fake_cluster::cluster(server(&contents((StatusCode::NOT_FOUND, Vec::new()))).await?, true);
    let before = Inventory::take(&context, &gone).await?;
    assert!(before.is_empty());

    let left = contents((StatusCode::OK, vec![object("default", "r", json!([]))]));
    let left = fake_cluster::cluster(server(&left).await?, true);
    let error = as_before(&context, &left, &before, SHORT).await.err().ok_or("a rule is left")?;
    assert!(chain(&error).contains("still there: Rule default/r"), "{}", chain(&error));
    Ok(())
}

#[tokio::test]
async fn a_cluster_that_cannot_be_listed_is_never_as_it_was() -> Checked {
    let refusing = Contents { config_maps: Arc::default(), defined: (StatusCode::FORBIDDEN, Vec::new()) };
    let cluster = fake_cluster::cluster(server(&refusing).await?, true);
    let context = context();
    assert!(Inventory::take(&context, &cluster).await.is_err());
    let error = as_before(&context, &cluster, &Inventory::default(), SHORT).await.err().ok_or("unknown")?;
    assert!(chain(&error).contains("the server says no"), "{}", chain(&error));
    Ok(())
}
