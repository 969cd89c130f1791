//! An API server that restarts, stays away, or is paused.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use dualproof_driver::api;
use dualproof_driver::collect;
use dualproof_driver::context::RunContext;
use dualproof_driver::mesh::{MeshSettings, choose};
use dualproof_driver::trouble::{Explained, Trouble};
use dualproof_driver::wait::{Progress, WaitError, watch_until};
use dualproof_dump::bundle::{Writer, layout};
use dualproof_model::evidence::{FailureKind, PodRef};
use dualproof_model::plan::{MeshKind, Timeouts};
use futures_util::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::runtime::watcher;
use serde_json::json;

use super::front::{Front, a_moment};
use super::pods::{cluster, list, pod, read_back, why};
use crate::fake::{Checked, context, serve};

const LONG: Duration = Duration::from_secs(60);

/// One pod that runs once `runs` is set. A watch tells so at its begin if the list could not, and then says nothing.
async fn one_pod(runs: &Arc<AtomicBool>) -> Result<String, Box<dyn std::error::Error>> {
    async fn answer(State(runs): State<Arc<AtomicBool>>, Query(query): Query<BTreeMap<String, String>>) -> Response {
        let runs = runs.load(Ordering::SeqCst);
        let meta = json!({"name": "a", "namespace": "ns", "uid": "a", "resourceVersion": if runs { "2" } else { "1" }});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta,
            "status": {"phase": if runs { "Running" } else { "Pending" }}});
        if !query.contains_key("watch") {
            return Json(list("Pod", &[pod])).into_response();
        }
        let event = if runs { format!("{}\n", json!({"type": "MODIFIED", "object": pod})) } else { String::new() };
        let first = futures_util::stream::once(std::future::ready(Ok::<_, std::io::Error>(event)));
        Body::from_stream(first.chain(futures_util::stream::pending())).into_response()
    }
    let router = Router::new().route("/api/v1/namespaces/ns/pods", get(answer)).with_state(Arc::clone(runs));
    Ok(serve(router).await?.1)
}

fn runs(pods: &BTreeMap<String, Pod>) -> Progress<()> {
    let phase = |pod: &Pod| pod.status.as_ref().and_then(|status| status.phase.clone()).unwrap_or_default();
    if pods.values().any(|pod| phase(pod) == "Running") {
        Progress::Done(())
    } else {
        Progress::NotYet("0 of 1 runs".to_owned())
    }
}

async fn wait(context: &RunContext, front: &Front, limit: Duration) -> Result<(), WaitError> {
    let client = front
        .client()
        .map_err(|error| WaitError::Refused { condition: "a client".to_owned(), why: error.to_string() })?;
    watch_until(context, Api::namespaced(client, "ns"), watcher::Config::default(), "a pod runs", limit, runs).await
}

#[tokio::test]
async fn a_watch_that_is_cut_goes_on_when_the_api_server_is_back() -> Checked {
    let running = Arc::new(AtomicBool::new(false));
    let front = Front::before(&one_pod(&running).await?).await?;
    let context = context();
    let restart = async {
        front.came().await;
        a_moment(&context).await?;
        front.shut().await;
        a_moment(&context).await?;
        running.store(true, Ordering::SeqCst);
        front.open().await
    };
    let (waited, restarted) = tokio::join!(wait(&context, &front, LONG), restart);
    restarted?;
    waited?;
    let waits = context.waits.drain();
    let own = waits.iter().find(|wait| wait.condition == "a pod runs").ok_or("it is recorded")?;
    assert_eq!(own.last_status, "done");
    Ok(())
}

#[tokio::test]
async fn a_watch_over_an_api_server_that_is_paused_goes_on_when_it_answers() -> Checked {
    let running = Arc::new(AtomicBool::new(true));
    let front = Front::before(&one_pod(&running).await?).await?;
    front.fall_silent().await?;
    let context = context();
    let pause = async {
        front.came().await;
        a_moment(&context).await?;
        front.open().await
    };
    let (waited, paused) = tokio::join!(wait(&context, &front, LONG), pause);
    paused?;
    Ok(waited?)
}

#[tokio::test]
async fn an_api_server_that_stays_away_ends_the_wait_with_condition_and_its_words() -> Checked {
    let running = Arc::new(AtomicBool::new(false));
    let front = Front::before(&one_pod(&running).await?).await?;
    let context = context();
    let leave = async {
        front.came().await;
        a_moment(&context).await?;
        front.shut().await;
        Ok::<(), WaitError>(())
    };
    let (waited, left) = tokio::join!(wait(&context, &front, Duration::from_secs(2)), leave);
    left?;
    let error = waited.err().ok_or("it stays away")?;
    assert_eq!(error.kind(), FailureKind::Inconclusive);
    let said = error.to_string();
    assert!(said.starts_with("waited 2 s for a pod runs; last seen: "), "{said}");
    assert!(said.contains("Connection refused"), "{said}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_never_answers_meets_every_deadline() -> Checked {
    let front = Front::before("http://127.0.0.1:1").await?;
    front.fall_silent().await?;
    let (client, context) = (front.client()?, context());
    let error = wait(&context, &front, LONG).await.err().ok_or("a watch")?;
    assert!(matches!(error, WaitError::Deadline { .. }), "{error}");
    assert!(error.to_string().starts_with("waited 60 s for a pod runs; last seen: "), "{error}");

    let pod = PodRef { namespace: "ns".to_owned(), name: "p".to_owned() };
    let argv = ["true".to_owned()];
    let manifest = api::documents("m.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n")?;
    let nothing = BTreeMap::new();
    let endings = [
        ("list", api::list_json(&context, &client, "/api/v1/nodes").await.err()),
        ("objects", api::list::<Pod>(&context, &client, None).await.err()),
        ("version", api::server_version(&context, &client).await.err()),
        ("logs", api::logs(&context, &client, &pod, "c", false, None).await.err()),
        ("apply", api::apply(&context, &client, &manifest, Some("ns"), &nothing).await.err()),
        ("create", api::create_namespace(&context, &client, "ns", &nothing).await.err()),
        ("delete", api::delete_namespace(&context, &client, "ns").await.err()),
        ("forward", api::get_local(&context, &client, &pod, 15000, "/", LONG).await.err()),
        ("exec", api::exec(&context, &client, &pod, "c", &argv, None, LONG).await.err()),
    ];
    for (what, error) in endings {
        let trouble = Trouble::from(error.ok_or(what)?);
        assert_eq!(trouble.kind, FailureKind::Inconclusive, "{what}");
        let held = trouble.what.contains("within 5 s") || trouble.what.contains("within 60 s");
        assert!(held && !trouble.hint.is_empty(), "{what}: {}", trouble.what);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_a_silent_api_server_kept_is_missing_with_the_reason_and_the_bundle_can_be_read() -> Checked {
    let front = Front::before("http://127.0.0.1:1").await?;
    front.fall_silent().await?;
    let folder = tempfile::tempdir()?;
    let writer = Writer::create(folder.path())?;
    let context = RunContext { timeouts: Timeouts { request: 5, dump: 7, ..Timeouts::default() }, ..context() };
    let cluster = cluster(front.client()?);
    collect::objects(&context, &cluster, &["ns"], &writer).await;
    choose(MeshKind::Istio, &MeshSettings::default()).collect(&context, &cluster, &[pod("p")], &writer).await;
    let bundle = read_back(&writer)?;
    for file in
        [layout::NODES, layout::NAMESPACES, layout::SERVICES, layout::ENDPOINT_SLICES, layout::PODS, layout::SYNCZ]
    {
        let said = why(&bundle, file)?;
        assert!(said.contains("no answer within 5 s to: get /"), "{file}: {said}");
    }
    let said = why(&bundle, &layout::proxy_file(&pod("p"), layout::SERVER_INFO))?;
    assert_eq!(said, "no answer within 7 s to: get /server_info from port 15000 of ns/p");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn proxies_that_cannot_be_asked_about_end_with_the_last_look() -> Checked {
    let front = Front::before("http://127.0.0.1:1").await?;
    front.fall_silent().await?;
    let context = RunContext { timeouts: Timeouts { request: 20, converge: 60, ..Timeouts::default() }, ..context() };
    let mesh = choose(MeshKind::Istio, &MeshSettings::default());
    let ended = mesh.converge(&context, &cluster(front.client()?), &[pod("p")]).await;
    let trouble = Trouble::from(ended.err().ok_or("nobody answers")?);
    assert_eq!(trouble.kind, FailureKind::Inconclusive);
    assert!(
        trouble.what.starts_with("the proxies did not converge: waited 60 s for 1 proxies synced; last seen: "),
        "{}",
        trouble.what
    );
    assert!(
        trouble.what.contains("no answer within 20 s to: get /api/v1/namespaces/istio-system/pods"),
        "{}",
        trouble.what
    );
    Ok(())
}
