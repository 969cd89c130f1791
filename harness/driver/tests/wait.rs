//! Waits, against a fake API server and against plain closures.

mod fake;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use dualproof_driver::trouble::Explained;
use dualproof_driver::wait::{Progress, WaitError, consecutive, until, watch_until};
use dualproof_model::evidence::FailureKind;
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::watcher;
use kube::{Api, Client};
use serde_json::{Value, json};

use fake::{Checked, context, serve};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_secs(1);

/// What the fake answers to the n-th list and the n-th watch; the last answer repeats.
#[derive(Clone, Default)]
struct Script {
    lists: Vec<(StatusCode, Value)>,
    watches: Vec<Watch>,
    asked: Arc<Mutex<(usize, usize)>>,
}

/// One answer to a watch: a status that refuses it, or events and then the end or silence.
#[derive(Clone)]
enum Watch {
    Refused(u16),
    Closes(Vec<Value>),
    Stays(Vec<Value>),
}

fn pod(name: &str, phase: &str, version: u32) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "status": {"phase": phase},
        "metadata": {"name": name, "namespace": "ns", "uid": name, "resourceVersion": version.to_string()}})
}

fn list(pods: &[Value], version: u32) -> (StatusCode, Value) {
    let version = version.to_string();
    (
        StatusCode::OK,
        json!({"apiVersion": "v1", "kind": "PodList", "metadata": {"resourceVersion": version}, "items": pods}),
    )
}

fn status(code: u16, message: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": "R", "code": code})
}

async fn answer(State(script): State<Script>, Query(query): Query<BTreeMap<String, String>>) -> Response {
    let watching = query.contains_key("watch");
    let number = {
        let Ok(mut asked) = script.asked.lock() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
        let counter = if watching { &mut asked.1 } else { &mut asked.0 };
        *counter += 1;
        *counter - 1
    };
    if !watching {
        let (code, body) = script.lists[number.min(script.lists.len() - 1)].clone();
        return (code, Json(body)).into_response();
    }
    let lines = |events: Vec<Value>| events.into_iter().map(|event| format!("{event}\n")).collect::<String>();
    match script.watches[number.min(script.watches.len() - 1)].clone() {
        Watch::Refused(code) => {
            let status_code = StatusCode::from_u16(code).unwrap_or_default();
            (status_code, Json(status(code, "too old"))).into_response()
        }
        Watch::Closes(events) => Body::from(lines(events)).into_response(),
        Watch::Stays(events) => {
            let first = futures_util::stream::once(async move { Ok::<_, std::io::Error>(lines(events)) });
            Body::from_stream(futures_util::StreamExt::chain(first, futures_util::stream::pending())).into_response()
        }
    }
}

async fn pods(script: &Script) -> Result<Api<Pod>, Box<dyn std::error::Error>> {
    let router = Router::new().route("/api/v1/namespaces/ns/pods", get(answer)).with_state(script.clone());
    let (client, _) = serve(router).await?;
    Ok(Api::namespaced(client, "ns"))
}

/// Waits until both pods `a` and `b` run; records how often it was asked and with how many pods.
fn both_run(seen: &Mutex<Vec<usize>>) -> impl FnMut(&BTreeMap<String, Pod>) -> Progress<Vec<String>> {
    |pods| {
        if let Ok(mut seen) = seen.lock() {
            seen.push(pods.len());
        }
        let phase = |pod: &Pod| pod.status.as_ref().and_then(|status| status.phase.clone()).unwrap_or_default();
        let running: Vec<String> =
            pods.iter().filter(|(_, pod)| phase(pod) == "Running").map(|(name, _)| name.clone()).collect();
        if running.len() == 2 {
            Progress::Done(running)
        } else {
            Progress::NotYet(format!("{} of 2 run", running.len()))
        }
    }
}

#[tokio::test]
async fn an_event_flips_the_condition_after_the_whole_list() -> Checked {
    let script = Script {
        lists: vec![list(&[pod("a", "Running", 1), pod("b", "Pending", 2)], 2)],
        watches: vec![Watch::Stays(vec![json!({"type": "MODIFIED", "object": pod("b", "Running", 3)})])],
        ..Script::default()
    };
    let (context, seen) = (context(), Mutex::default());
    let config = watcher::Config::default();
    let names = watch_until(&context, pods(&script).await?, config, "both run", LONG, both_run(&seen)).await?;
    assert_eq!(names, ["ns/a", "ns/b"]);
    assert_eq!(*seen.lock().map_err(|_| "poisoned")?, [2, 2], "never asked about half a list");
    let waits = context.waits.drain();
    assert_eq!(waits.len(), 1);
    assert_eq!((waits[0].condition.as_str(), waits[0].last_status.as_str()), ("both run", "done"));
    assert!(context.waits.drain().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_watch_that_closes_or_is_too_old_is_begun_anew() -> Checked {
    let gone = json!({"type": "ERROR", "object": status(410, "too old resource version")});
    let script = Script {
        lists: vec![
            list(&[pod("a", "Running", 1), pod("x", "Pending", 1)], 1),
            list(&[pod("a", "Running", 1)], 7),
            list(&[pod("a", "Running", 1), pod("b", "Running", 9)], 9),
        ],
        watches: vec![Watch::Closes(vec![]), Watch::Closes(vec![gone]), Watch::Refused(410), Watch::Stays(vec![])],
        ..Script::default()
    };
    let (context, seen) = (context(), Mutex::default());
    let config = watcher::Config::default();
    let names = watch_until(&context, pods(&script).await?, config, "both run", LONG, both_run(&seen)).await?;
    assert_eq!(names, ["ns/a", "ns/b"]);
    assert_eq!(*seen.lock().map_err(|_| "poisoned")?, [2, 1, 2], "a new list replaces the set");
    Ok(())
}

#[tokio::test]
async fn a_server_that_hiccups_is_asked_again() -> Checked {
    let script = Script {
        lists: vec![
            (StatusCode::INTERNAL_SERVER_ERROR, status(500, "etcd leader changed")),
            list(&[pod("a", "Running", 1), pod("b", "Running", 2)], 2),
        ],
        watches: vec![Watch::Stays(vec![])],
        ..Script::default()
    };
    let (context, seen) = (context(), Mutex::default());
    let config = watcher::Config::default();
    watch_until(&context, pods(&script).await?, config, "both run", LONG, both_run(&seen)).await?;
    assert_eq!(script.asked.lock().map_err(|_| "poisoned")?.0, 2);
    Ok(())
}

#[tokio::test]
async fn the_deadline_carries_the_last_status() -> Checked {
    let script = Script {
        lists: vec![list(&[pod("a", "Running", 1)], 1)],
        watches: vec![Watch::Stays(vec![])],
        ..Script::default()
    };
    let (context, seen) = (context(), Mutex::default());
    let config = watcher::Config::default();
    let result = watch_until(&context, pods(&script).await?, config, "both run", SHORT, both_run(&seen)).await;
    let error = result.err().ok_or("it must not hold")?;
    assert_eq!(error.to_string(), "waited 1 s for both run; last seen: 1 of 2 run");
    assert_eq!(context.waits.drain()[0].last_status, "1 of 2 run");
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_away_is_the_last_status() -> Checked {
    let client = Client::try_from(kube::Config::new("http://127.0.0.1:1".parse()?))?;
    let (context, seen) = (context(), Mutex::default());
    let config = watcher::Config::default();
    let result = watch_until(&context, Api::namespaced(client, "ns"), config, "both run", SHORT, both_run(&seen)).await;
    let error = result.err().ok_or("it must not hold")?.to_string();
    assert!(error.contains("last seen: cannot list: ") && error.contains("refused"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_server_that_goes_away_does_not_hide_what_the_objects_last_said() -> Checked {
    let script = Script {
        lists: vec![list(&[pod("a", "Running", 1)], 1)],
        watches: vec![Watch::Refused(500)],
        ..Script::default()
    };
    let (context, seen) = (context(), Mutex::default());
    let config = watcher::Config::default();
    let result = watch_until(&context, pods(&script).await?, config, "both run", SHORT, both_run(&seen)).await;
    let error = result.err().ok_or("it must not hold")?.to_string();
    let wanted = "waited 1 s for both run; last seen: 1 of 2 run; since then: cannot watch: ";
    assert!(error.starts_with(wanted), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_refused_list_ends_the_wait_at_once() -> Checked {
    let script = Script {
        lists: vec![(StatusCode::FORBIDDEN, status(403, "pods is forbidden"))],
        watches: vec![Watch::Stays(vec![])],
        ..Script::default()
    };
    let (context, seen) = (context(), Mutex::default());
    let config = watcher::Config::default();
    let result = watch_until(&context, pods(&script).await?, config, "both run", LONG, both_run(&seen)).await;
    let error = result.err().ok_or("it must not hold")?;
    assert!(matches!(&error, WaitError::Refused { why, .. } if why.contains("pods is forbidden")), "{error}");
    assert_eq!(error.kind(), FailureKind::InvalidEnvironment);
    Ok(())
}

#[tokio::test]
async fn cancellation_ends_a_watch_and_a_look_that_hangs() -> Checked {
    let script = Script { lists: vec![list(&[], 1)], watches: vec![Watch::Stays(vec![])], ..Script::default() };
    let (context, seen) = (context(), Mutex::default());
    let api = pods(&script).await?;
    let cancel = context.cancel.clone();
    let mut look = both_run(&seen);
    let stop_when_asked = |pods: &BTreeMap<String, Pod>| {
        cancel.cancel();
        look(pods)
    };
    let result = watch_until(&context, api, watcher::Config::default(), "both run", LONG, stop_when_asked).await;
    assert!(
        matches!(&result, Err(WaitError::Cancelled { last_status, .. }) if last_status == "0 of 2 run"),
        "{result:?}"
    );
    let hangs = until(&context, "never", LONG, std::future::pending::<Progress<()>>).await;
    assert!(matches!(hangs, Err(WaitError::Cancelled { .. })));
    Ok(())
}

#[tokio::test]
async fn until_asks_again_and_a_hanging_look_meets_the_deadline() -> Checked {
    let context = context();
    let mut looks = 0;
    let value = until(&context, "third look", LONG, || {
        looks += 1;
        std::future::ready(if looks < 3 { Progress::NotYet(format!("look {looks}")) } else { Progress::Done(looks) })
    })
    .await?;
    assert_eq!(value, 3);

    let first = AtomicUsize::new(0);
    let hangs = until(&context, "an answer", SHORT, || {
        let first = &first;
        async move {
            if first.fetch_add(1, Ordering::Relaxed) == 0 {
                return Progress::<()>::NotYet("one answer came".to_owned());
            }
            std::future::pending().await
        }
    })
    .await;
    assert!(
        matches!(&hangs, Err(WaitError::Deadline { last_status, .. }) if last_status == "one answer came"),
        "{hangs:?}"
    );
    assert_eq!(context.waits.drain().len(), 2);
    Ok(())
}

#[tokio::test]
async fn convergence_needs_equal_answers_in_a_row() -> Checked {
    let context = context();
    let mut answers = [Some(1), Some(2), None, Some(2), Some(3), Some(3), Some(3), Some(9)].into_iter();
    let mut asked = 0;
    let value = consecutive(&context, "equal reads", LONG, 3, || {
        asked += 1;
        std::future::ready(match answers.next().flatten() {
            Some(answer) => Progress::Done(answer),
            None => Progress::NotYet("no answer".to_owned()),
        })
    })
    .await?;
    assert_eq!((value, asked), (3, 7));

    let mut counter = 0;
    let never = consecutive(&context, "equal reads", SHORT, 2, || {
        counter += 1;
        std::future::ready(Progress::Done(counter))
    })
    .await;
    let error = never.err().ok_or("answers that differ never converge")?.to_string();
    assert!(error.ends_with("1 of 2 equal answers in a row"), "{error}");
    Ok(())
}

#[test]
fn waits_may_move_between_threads() {
    fn send<T: Send>(_: T) {}
    let context = context();
    let word = String::new();
    send(until(&context, "x", SHORT, async || Progress::Done(word.len())));
    send(consecutive(&context, "x", SHORT, 2, || async {
        tokio::task::yield_now().await;
        Progress::Done(word.len())
    }));
}
