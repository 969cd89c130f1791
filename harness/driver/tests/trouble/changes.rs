//! Pods that change while they are read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use dualproof_driver::collect;
use dualproof_dump::bundle::{Bundle, Writer, layout};
use serde_json::{Value, json};

use super::pods::{cluster, list, read_back, ready, refusal, why};
use crate::fake::{Checked, context, serve};

/// What the API server says of the pods, look by look; the last answer repeats.
type Looks = Arc<(AtomicUsize, Vec<Option<Vec<Value>>>)>;

async fn answer(State(looks): State<Looks>, Path((namespace, kind)): Path<(String, String)>) -> Response {
    match (namespace.as_str(), kind.as_str()) {
        ("dual-stack", "pods") => {
            let look = looks.0.fetch_add(1, Ordering::SeqCst).min(looks.1.len() - 1);
            match &looks.1[look] {
                Some(pods) => Json(list("Pod", pods)).into_response(),
                None => refusal(500, "etcdserver: no leader"),
            }
        }
        _ => Json(json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": []})).into_response(),
    }
}

/// Reads the objects, and looks once more.
async fn collected(looks: Vec<Option<Vec<Value>>>) -> Result<Bundle, Box<dyn std::error::Error>> {
    let looks: Looks = Arc::new((AtomicUsize::new(0), looks));
    let router = Router::new()
        .route("/api/v1/namespaces/{namespace}/{kind}", get(answer))
        .route("/apis/discovery.k8s.io/v1/namespaces/{namespace}/{kind}", get(answer))
        .with_state(looks);
    let (client, _) = serve(router).await?;
    let folder = tempfile::tempdir()?;
    let writer = Writer::create(folder.path())?;
    let (context, cluster, namespaces) = (context(), cluster(client), ["dual-stack", "sleep"]);
    collect::objects(&context, &cluster, &namespaces, &writer).await;
    collect::unchanged(&context, &cluster, &namespaces, &writer).await;
    read_back(&writer)
}

fn pod(name: &str) -> Value {
    ready("dual-stack", name)
}

fn with(pointer: &str, value: Value) -> Value {
    let mut pod = pod("a");
    let (parent, key) = pointer.rsplit_once('/').unwrap_or_default();
    if let Some(parent) = pod.pointer_mut(parent) {
        parent[key] = value;
    }
    pod
}

#[tokio::test]
async fn pods_that_stay_as_they_are_stay_evidence() -> Checked {
    let bundle = collected(vec![Some(vec![pod("a"), pod("b")])]).await?;
    assert_eq!(bundle.evidence.objects.pods.len(), 2);
    assert!(why(&bundle, layout::PODS).is_err());
    Ok(())
}

#[tokio::test]
async fn pods_that_changed_are_no_evidence_and_each_change_is_named() -> Checked {
    let cases = [
        (vec![pod("b")], "dual-stack/a is gone; dual-stack/b is new"),
        (vec![with("/metadata/uid", "other".into())], "dual-stack/a was made anew"),
        (vec![with("/metadata/deletionTimestamp", "2026-01-01T00:00:00Z".into())], "dual-stack/a is being deleted"),
        (
            vec![with("/status/podIPs", json!([{"ip": "10.0.0.1"}]))],
            "dual-stack/a had [10.0.0.1, fd00::1] and has [10.0.0.1]",
        ),
    ];
    for (now, change) in cases {
        let bundle = collected(vec![Some(vec![pod("a")]), Some(now)]).await?;
        assert!(bundle.evidence.objects.pods.is_empty(), "{change}");
        assert_eq!(why(&bundle, layout::PODS)?, format!("the pods changed while they were read: {change}"));
    }
    Ok(())
}

#[tokio::test]
async fn a_second_look_that_fails_is_no_evidence_either() -> Checked {
    let bundle = collected(vec![Some(vec![pod("a")]), None]).await?;
    assert!(bundle.evidence.objects.pods.is_empty());
    let said = why(&bundle, layout::PODS)?;
    assert!(said.starts_with("whether the pods stayed the same") && said.contains("etcdserver: no leader"), "{said}");
    Ok(())
}

#[tokio::test]
async fn pods_that_could_not_be_listed_at_first_keep_their_first_reason() -> Checked {
    let bundle = collected(vec![None, Some(vec![pod("a")])]).await?;
    let said = why(&bundle, layout::PODS)?;
    assert!(said.starts_with("cannot get /api/v1/namespaces/dual-stack/pods: etcdserver: no leader"), "{said}");
    Ok(())
}
