//! What pods run, against a fake API server.

mod fake;
#[path = "fake/cluster.rs"]
mod fake_cluster;

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use dualproof_driver::image::{Identity, ImageError, run_everywhere};
use dualproof_driver::trouble::Explained;
use dualproof_model::evidence::FailureKind;
use serde_json::{Value, json};

use fake::{Checked, context, serve};

const AGENT: &str = "dualproof.dev/agent:x";
const OWN: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const OTHER: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn pod(name: &str, image: &str, seen: &str, going: bool) -> Value {
    let deleted = going.then_some("2026-01-01T00:00:00Z");
    json!({"metadata": {"namespace": "servers", "name": name, "deletionTimestamp": deleted},
        "spec": {"containers": [{"name": "agent", "image": image}, {"name": "istio-proxy", "image": "proxy"}]},
        "status": {"containerStatuses": [
            {"name": "istio-proxy", "image": "", "imageID": OTHER, "ready": true, "restartCount": 0},
            {"name": "agent", "image": "", "imageID": seen, "ready": true, "restartCount": 0}]}})
}

/// Holds the pods of one namespace to the image.
async fn held(pods: Vec<Value>) -> Result<Result<usize, ImageError>, Box<dyn std::error::Error>> {
    async fn list(State(pods): State<Vec<Value>>, Path(namespace): Path<String>) -> Response {
        assert_eq!(namespace, "servers");
        Json(json!({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": pods})).into_response()
    }
    let router = Router::new().route("/api/v1/namespaces/{namespace}/pods", get(list)).with_state(pods);
    let (client, _) = serve(router).await?;
    let cluster = fake_cluster::cluster(client, true);
    let image = Identity { reference: AGENT.to_owned(), config: None, manifests: vec![OWN.to_owned()] };
    Ok(run_everywhere(&context(), &cluster, &BTreeSet::from(["servers".to_owned()]), &image).await)
}

#[tokio::test]
async fn every_pod_that_asks_for_the_image_is_held_to_its_digest_and_no_other() -> Checked {
    let loaded = format!("docker.io/library/import-2026@{OWN}");
    let pods = vec![
        pod("one", AGENT, &loaded, false),
        pod("two", AGENT, OWN, false),
        pod("sleep", "curl:1", OTHER, false),
        pod("gone", AGENT, OTHER, true),
    ];
    assert_eq!(held(pods).await?.ok(), Some(2));
    Ok(())
}

#[tokio::test]
async fn another_image_under_the_name_is_the_environments_trouble_and_both_digests_are_told() -> Checked {
    let pods = vec![pod("one", AGENT, OWN, false), pod("two", AGENT, &format!("x@{OTHER}"), false)];
    let Err(error) = held(pods).await? else { return Err("it was taken".into()) };
    assert_eq!(error.kind(), FailureKind::InvalidEnvironment);
    for words in ["servers/two", OWN, OTHER, AGENT] {
        assert!(error.to_string().contains(words), "{error}");
    }
    assert!(error.hint().contains("remove the other image"), "{}", error.hint());
    Ok(())
}

#[tokio::test]
async fn a_status_that_says_nothing_is_no_proof() -> Checked {
    let Err(error) = held(vec![pod("one", AGENT, "", false)]).await? else { return Err("it was taken".into()) };
    assert_eq!(error.kind(), FailureKind::Inconclusive);
    Ok(())
}
