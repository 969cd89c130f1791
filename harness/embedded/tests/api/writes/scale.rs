//! Scales of Deployments and ReplicaSets.

use axum::http::{Method, Request};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::runtime::wait::await_condition;
use kube::{Error, ResourceExt};
use serde_json::{Value, json};

use crate::{DUAL, Outcome, client, echo, puppet};

const PATH: &str = "/apis/apps/v1/namespaces/default/deployments/echo/scale";
const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const OPERATIONS: &str = "application/json-patch+json";

/// What is asked (verb, path, type of the body, body), and the number that the object wants then, or the code and a part of the words of the
/// refusal.
type Case<'a> = (Method, &'a str, &'a str, Value, Result<i64, (u16, &'a str)>);

/// Asks for something; returns the answer, or the code and the words of a refusal.
async fn ask(
    client: &kube::Client,
    (verb, path, media): (Method, &str, &str),
    body: &Value,
) -> Result<Result<Value, (u16, String)>, Box<dyn std::error::Error>> {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let request = Request::builder().method(verb).uri(path).header("content-type", media).body(body)?;
    match client.request(request).await {
        Ok(answer) => Ok(Ok(answer)),
        Err(Error::Api(status)) => Ok(Err((status.code, status.message))),
        Err(other) => Err(other.into()),
    }
}

async fn get(client: &kube::Client, path: &str) -> Result<Value, Box<dyn std::error::Error>> {
    let answer = ask(client, (Method::GET, path, JSON), &Value::Null).await?;
    answer.map_err(|(code, words)| format!("{path}: {code} {words}").into())
}

#[tokio::test]
async fn a_scale_tells_of_its_object_what_a_scaler_needs() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let client = client(&puppet).await?;
    let deployments: Api<Deployment> = Api::default_namespaced(client.clone());
    let (mut deployment, _) = echo(2);
    deployment["spec"]["selector"]["matchExpressions"] = json!([
        { "key": "tier", "operator": "NotIn", "values": ["b", "a"] }, { "key": "gone", "operator": "DoesNotExist" },
        { "key": "app", "operator": "Exists" }, { "key": "Zone", "operator": "In", "values": ["z"] },
    ]);
    deployment["spec"]["template"]["metadata"]["labels"]["Zone"] = "z".into();
    deployments.create(&PostParams::default(), &serde_json::from_value(deployment)?).await?;
    let ready = |deployment: Option<&Deployment>| {
        deployment.and_then(|deployment| deployment.status.as_ref()).is_some_and(|status| status.replicas == Some(2))
    };
    await_condition(deployments, "echo", ready).await?;

    let path = PATH.trim_end_matches("/scale");
    let (own, mut scale, later) = (get(&client, path).await?, get(&client, PATH).await?, get(&client, path).await?);
    // The controller may go on telling of its pods meanwhile.
    let version = scale["metadata"]["resourceVersion"].take();
    let number = |version: &Value| version.as_str().and_then(|text| text.parse::<u64>().ok());
    let bounds = (number(&own["metadata"]["resourceVersion"]), number(&later["metadata"]["resourceVersion"]));
    assert!(
        bounds.0.is_some() && bounds.0 <= number(&version) && number(&version) <= bounds.1,
        "{version} in {bounds:?}"
    );
    let expected = json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "spec": { "replicas": 2 },
        "metadata": {
            "name": "echo", "namespace": "default", "uid": own["metadata"]["uid"], "resourceVersion": null,
            "creationTimestamp": own["metadata"]["creationTimestamp"],
        },
        "status": { "replicas": 2, "selector": "Zone in (z),app=echo,app,!gone,tier notin (a,b)" },
    });
    assert_eq!(scale, expected);
    Ok(())
}

#[tokio::test]
async fn a_scale_is_written_in_every_way_or_refused() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let client = client(&puppet).await?;
    let deployments: Api<Deployment> = Api::default_namespaced(client.clone());
    let made = deployments.create(&PostParams::default(), &serde_json::from_value(echo(1).0)?).await?;
    let stale = made.resource_version().ok_or("no version")?;
    let dry = format!("{PATH}?dryRun=All");
    let strict = format!("{PATH}?fieldValidation=Strict");
    let replicas = |count: i64| json!({ "spec": { "replicas": count } });
    let at = |field: &str, value: &str| json!({ "metadata": { field: value }, "spec": { "replicas": 9 } });
    let negative =
        "Scale \"echo\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0".to_owned();
    let unscaled = PATH.trim_end_matches("/scale");
    let refused = "Deployment \"echo\" is invalid: spec.replicas: Invalid value: -1";
    let modified = "Operation cannot be fulfilled on deployments.apps \"echo\": the object has been modified; please \
                    apply your changes to the latest version and try again"
        .to_owned();
    let cases: Vec<Case> = vec![
        (Method::PUT, PATH, JSON, replicas(3), Ok(3)),
        (Method::PUT, PATH, JSON, at("resourceVersion", &stale), Err((409, &modified))),
        (Method::PUT, PATH, JSON, at("uid", "another"), Err((409, "UID in precondition: another"))),
        (Method::PUT, PATH, JSON, at("name", "other"), Err((422, "metadata.name"))),
        (Method::PUT, PATH, JSON, replicas(-1), Err((422, &negative))),
        (Method::PUT, PATH, JSON, json!({ "spec": { "replicas": "two" } }), Err((400, "spec.replicas"))),
        (Method::PUT, PATH, JSON, json!({ "kind": "Deployment" }), Err((400, "does not match the expected kind"))),
        (Method::PUT, &dry, JSON, replicas(4), Ok(3)),
        (Method::PATCH, PATH, MERGE, replicas(4), Ok(4)),
        (Method::PATCH, PATH, MERGE, at("resourceVersion", &stale), Err((409, &modified))),
        (Method::PATCH, PATH, MERGE, replicas(-1), Err((422, &negative))),
        (
            Method::PATCH,
            &strict,
            MERGE,
            json!({ "spec": { "replica": 1 } }),
            Err((400, "unknown field \"spec.replica\"")),
        ),
        (Method::PATCH, PATH, STRATEGIC, replicas(5), Ok(5)),
        (Method::PATCH, PATH, OPERATIONS, json!([{ "op": "replace", "path": "/spec/replicas", "value": 6 }]), Ok(6)),
        (
            Method::PATCH,
            PATH,
            OPERATIONS,
            json!([{ "op": "test", "path": "/spec/replicas", "value": 1 }]),
            Err((422, "failed")),
        ),
        (Method::PATCH, PATH, "application/apply-patch+yaml", replicas(1), Err((415, OPERATIONS))),
        (Method::PATCH, unscaled, MERGE, replicas(-1), Err((422, refused))),
        // The status is the controller's, and what else an object has is not for scalers.
        (
            Method::PATCH,
            PATH,
            MERGE,
            json!({ "metadata": { "labels": { "a": "b" } }, "status": { "replicas": 9 } }),
            Ok(6),
        ),
        (Method::DELETE, PATH, JSON, Value::Null, Err((405, ""))),
        // A number that is not there is 0, and so is one that is taken away.
        (Method::PATCH, PATH, MERGE, json!({ "spec": null }), Ok(0)),
        (
            Method::PATCH,
            PATH,
            OPERATIONS,
            json!([{ "op": "replace", "path": "/spec/replicas", "value": 1 }]),
            Err((422, "does not exist")),
        ),
        (Method::PATCH, PATH, OPERATIONS, json!([{ "op": "add", "path": "/spec/replicas", "value": 2 }]), Ok(2)),
    ];
    let mut before = deployments.get("echo").await?;
    for (verb, path, media, body, expected) in cases {
        let case = format!("{verb} {path} {media} {body}");
        let answer = ask(&client, (verb, path, media), &body).await?;
        let after = deployments.get("echo").await?;
        let wanted = |deployment: &Deployment| deployment.spec.replicas.map(i64::from);
        let is_changed = wanted(&after) != wanted(&before);
        match (answer, expected) {
            (Ok(scale), Ok(count)) => {
                assert_eq!(wanted(&after), Some(count), "{case}");
                let told = if path == dry { 4 } else { count };
                assert_eq!(scale["spec"]["replicas"].as_i64().unwrap_or_default(), told, "{case}");
                assert_eq!(scale["kind"], "Scale", "{case}");
            }
            (Err((code, words)), Err((expected, part))) => {
                assert_eq!(code, expected, "{case}: {words}");
                assert!(words.contains(part), "{case}: {words}");
                assert!(!is_changed, "{case}");
            }
            (answer, _) => return Err(format!("{case}: {answer:?}").into()),
        }
        let generations =
            after.metadata.generation.unwrap_or_default() - before.metadata.generation.unwrap_or_default();
        assert_eq!(generations, i64::from(is_changed), "{case}");
        assert_eq!(after.labels(), made.labels(), "{case}");
        before = after;
    }
    let nobody = ask(&client, (Method::GET, &PATH.replace("echo", "nope"), JSON), &Value::Null).await?;
    assert_eq!(nobody, Err((404, "deployments.apps \"nope\" not found".to_owned())));
    let daemons = ask(&client, (Method::GET, &PATH.replace("deployments", "daemonsets"), JSON), &Value::Null).await?;
    assert_eq!(daemons.map_err(|(code, _)| code), Err(404));
    Ok(())
}

#[tokio::test]
async fn pods_follow_a_scale_and_its_writer_owns_the_number_alone() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let client = client(&puppet).await?;
    let (deployment, _) = echo(1);
    let set = json!({ "metadata": { "name": "echo" }, "spec": deployment["spec"] });
    let sets: Api<ReplicaSet> = Api::default_namespaced(client);
    sets.create(&PostParams::default(), &serde_json::from_value(set)?).await?;
    for count in [3, 0] {
        let patch = json!({ "spec": { "replicas": count } });
        let by = PatchParams { field_manager: Some("scaler".to_owned()), ..PatchParams::default() };
        sets.patch_scale("echo", &by, &Patch::Merge(&patch)).await?;
        let done = |set: Option<&ReplicaSet>| {
            set.and_then(|set| set.status.as_ref()).is_some_and(|status| status.replicas == count)
        };
        await_condition(sets.clone(), "echo", done).await?;
    }
    let set = sets.get("echo").await?;
    let own = set.managed_fields().iter().find(|entry| entry.manager.as_deref() == Some("scaler"));
    let own = own.ok_or("nobody scaled")?;
    assert_eq!((own.subresource.as_deref(), own.api_version.as_deref()), (Some("scale"), Some("apps/v1")));
    let fields = own.fields_v1.as_ref().map(|fields| fields.0.clone());
    assert_eq!(fields, Some(json!({ "f:spec": { "f:replicas": {} } })));

    let config = json!({ "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": { "name": "echo" }, "spec": { "replicas": 1 } });
    let conflict = sets.patch("echo", &PatchParams::apply("tool"), &Patch::Apply(config)).await;
    let Err(Error::Api(conflict)) = conflict else { return Err("there must be a conflict".into()) };
    let words = "Apply failed with 1 conflict: conflict with \"scaler\" with subresource \"scale\": .spec.replicas";
    assert_eq!(conflict.message, words);
    Ok(())
}

#[tokio::test]
async fn discovery_says_of_which_kind_a_scale_is() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let client = client(&puppet).await?;
    let resources = get(&client, "/apis/apps/v1").await?;
    let named =
        |name: &str| resources["resources"].as_array()?.iter().find(|resource| resource["name"] == name).cloned();
    for plural in ["deployments", "replicasets"] {
        let scale = named(&format!("{plural}/scale")).ok_or("it is not listed")?;
        let gvk = (&scale["group"], &scale["version"], &scale["kind"]);
        assert_eq!(gvk, (&json!("autoscaling"), &json!("v1"), &json!("Scale")), "{plural}");
        assert_eq!(scale["verbs"], json!(["get", "patch", "update"]));
    }
    assert_eq!(named("daemonsets/scale"), None);
    Ok(())
}
