//! Objects: made, read, changed, removed.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Node, Pod, ServiceAccount};
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, Preconditions};
use kube::core::GroupVersionKind;
use kube::{Error, ResourceExt, discovery};
use serde_json::json;

use crate::{DUAL, Outcome, client, puppet};

fn code<T>(result: Result<T, Error>) -> (u16, String) {
    match result {
        Ok(_) => (200, String::new()),
        Err(Error::Api(status)) => (status.code, status.message),
        Err(other) => (0, other.to_string()),
    }
}

fn map(name: &str, text: &str) -> Result<ConfigMap, serde_json::Error> {
    serde_json::from_value(
        json!({ "metadata": { "name": name, "labels": { "text": text } }, "data": { "text": text } }),
    )
}

#[tokio::test]
async fn an_object_lives_from_create_to_delete() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let maps: Api<ConfigMap> = Api::default_namespaced(client(&puppet).await?);
    let parameters = PostParams::default();
    let made = maps.create(&parameters, &map("a", "one")?).await?;
    assert!(made.uid().is_some() && made.resource_version().is_some() && made.creation_timestamp().is_some());
    assert_eq!(
        code(maps.create(&parameters, &map("a", "two")?).await),
        (409, "configmaps \"a\" already exists".to_owned())
    );

    let mut changed = made.clone();
    changed.data = Some([("text".to_owned(), "two".to_owned())].into());
    let changed = maps.replace("a", &parameters, &changed).await?;
    assert_ne!(changed.resource_version(), made.resource_version());
    let stale = code(maps.replace("a", &parameters, &made).await);
    assert_eq!(stale.0, 409, "{}", stale.1);
    assert!(stale.1.contains("the object has been modified"), "{}", stale.1);

    let same = maps.replace("a", &parameters, &changed).await?;
    assert_eq!(same.resource_version(), changed.resource_version(), "what comes out the same is not written");

    let other = Preconditions { uid: Some("another".to_owned()), resource_version: None };
    let delete = DeleteParams { preconditions: Some(other), ..DeleteParams::default() };
    assert_eq!(code(maps.delete("a", &delete).await).0, 409);
    maps.delete("a", &DeleteParams::default()).await?;
    assert_eq!(code(maps.get("a").await), (404, "configmaps \"a\" not found".to_owned()));
    Ok(())
}

#[tokio::test]
async fn lists_are_selected_and_dry_runs_leave_nothing() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let maps: Api<ConfigMap> = Api::default_namespaced(client(&puppet).await?);
    for name in ["a", "b"] {
        maps.create(&PostParams::default(), &map(name, name)?).await?;
    }
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    assert!(maps.create(&dry, &map("c", "c")?).await?.uid().is_some());
    let names = async |parameters: ListParams| -> Result<Vec<String>, Error> {
        Ok(maps.list(&parameters).await?.items.iter().map(ResourceExt::name_any).collect())
    };
    assert_eq!(names(ListParams::default()).await?, ["a", "b", "kube-root-ca.crt"]);
    assert_eq!(names(ListParams::default().labels("text in (b,c)")).await?, ["b"]);
    assert_eq!(names(ListParams::default().fields("metadata.name=a")).await?, ["a"]);
    assert_eq!(code(names(ListParams::default().fields("spec.colour=red")).await).0, 400);

    let generated = json!({ "metadata": { "generateName": "made-" } });
    let generated = maps.create(&PostParams::default(), &serde_json::from_value(generated)?).await?;
    assert!(generated.name_any().starts_with("made-") && generated.name_any().len() == 10);
    Ok(())
}

#[tokio::test]
async fn fields_are_checked_as_strictly_as_asked() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let client = client(&puppet).await?;
    let (resource, _) = discovery::pinned_kind(&client, &GroupVersionKind::gvk("apps", "v1", "Deployment")).await?;
    let deployments: Api<DynamicObject> = Api::default_namespaced_with(client.clone(), &resource);
    let (mut object, _) = crate::echo(1);
    object["spec"]["replica"] = 2.into();
    let apply = PatchParams::apply("test").force();
    let refused = code(deployments.patch("echo", &apply.clone().validation_strict(), &Patch::Apply(&object)).await);
    let words = "failed to create typed patch object (/echo; apps/v1, Kind=Deployment): .spec.replica: field not declared in schema";
    assert_eq!(refused, (500, words.to_owned()));

    let strict = hyper_post(&client, "Strict", &object).await;
    let words = "Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: unknown field \"spec.replica\"";
    assert_eq!(strict, (400, words.to_owned()));
    assert_eq!(hyper_post(&client, "Ignore", &object).await.0, 200);
    let stored = deployments.get("echo").await?;
    assert_eq!(stored.data["spec"].get("replica"), None);

    object["spec"]["replica"] = serde_json::Value::Null;
    object["spec"]["replicas"] = "two".into();
    let wrong = hyper_post(&client, "Ignore", &object).await;
    assert_eq!(wrong.0, 400);
    assert!(wrong.1.contains("spec.replicas: invalid type: string \"two\", expected i32"), "{}", wrong.1);
    Ok(())
}

async fn hyper_post(client: &kube::Client, validation: &str, object: &serde_json::Value) -> (u16, String) {
    let path = format!("/apis/apps/v1/namespaces/default/deployments?fieldValidation={validation}");
    let request = axum::http::Request::post(path)
        .header("content-type", "application/json")
        .body(object.to_string().into_bytes());
    match request {
        Ok(request) => code(client.request::<Deployment>(request).await),
        Err(error) => (0, error.to_string()),
    }
}

#[tokio::test]
async fn what_is_not_served_is_not_found() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let client = client(&puppet).await?;
    let peer = GroupVersionKind::gvk("security.istio.io", "v1", "PeerAuthentication");
    assert!(discovery::pinned_kind(&client, &peer).await.is_err());
    puppet.store.install_kinds(dualproof_embedded::store::istio());
    let (resource, _) = discovery::pinned_kind(&client, &peer).await?;
    let peers: Api<DynamicObject> = Api::default_namespaced_with(client.clone(), &resource);
    let object = DynamicObject::new("strict", &resource).data(json!({ "spec": { "mtls": { "mode": "STRICT" } } }));
    peers.create(&PostParams::default(), &object).await?;
    assert_eq!(peers.list(&ListParams::default()).await?.items.len(), 1);
    assert!(client.apiserver_version().await?.git_version.starts_with("v1.36."));
    Ok(())
}

#[tokio::test]
async fn a_namespace_begins_with_its_own_and_ends_with_its_content() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let client = client(&puppet).await?;
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let namespace = serde_json::from_value(json!({ "metadata": { "name": "mine" } }))?;
    let elsewhere: Api<ConfigMap> = Api::namespaced(client.clone(), "mine");
    let nowhere = code(elsewhere.create(&PostParams::default(), &map("a", "a")?).await);
    assert_eq!(nowhere, (404, "namespaces \"mine\" not found".to_owned()));
    namespaces.create(&PostParams::default(), &namespace).await?;
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), "mine");
    kube::runtime::wait::await_condition(accounts, "default", |account: Option<&ServiceAccount>| account.is_some())
        .await?;

    let pods: Api<Pod> = Api::namespaced(client.clone(), "mine");
    let pod = json!({ "metadata": { "name": "p", "finalizers": ["test/holds"] }, "spec": { "containers": [{ "name": "c", "image": "i" }] } });
    pods.create(&PostParams::default(), &serde_json::from_value(pod)?).await?;
    namespaces.delete("mine", &DeleteParams::default()).await?;
    kube::runtime::wait::await_condition(namespaces.clone(), "mine", |namespace: Option<&Namespace>| {
        let conditions = namespace.and_then(|namespace| namespace.status.as_ref()?.conditions.as_ref());
        conditions
            .into_iter()
            .flatten()
            .any(|condition| condition.message.as_deref().is_some_and(|words| words.contains("pods")))
    })
    .await?;
    let refused = code(
        pods.create(
            &PostParams::default(),
            &serde_json::from_value(json!({
        "metadata": { "name": "q" }, "spec": { "containers": [{ "name": "c", "image": "i" }] } }))?,
        )
        .await,
    );
    assert_eq!(refused.0, 403);
    assert!(refused.1.contains("because it is being terminated"), "{}", refused.1);
    let free = json!({ "metadata": { "finalizers": null } });
    pods.patch("p", &PatchParams::default(), &Patch::Merge(&free)).await?;
    kube::runtime::wait::await_condition(namespaces, "mine", |namespace: Option<&Namespace>| namespace.is_none())
        .await?;
    Ok(())
}

#[tokio::test]
async fn a_status_is_written_by_its_own_way_alone() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let nodes: Api<Node> = Api::all(client(&puppet).await?);
    let patch = json!({ "metadata": { "labels": { "a": "b" } }, "status": { "capacity": { "cpu": "1" } } });
    let main = nodes.patch("node-0", &PatchParams::default(), &Patch::Merge(&patch)).await?;
    assert_eq!(main.status.and_then(|status| status.capacity), None);
    let patch = json!({ "metadata": { "labels": { "a": "c" } }, "status": { "capacity": { "cpu": "1" } } });
    let status = nodes.patch_status("node-0", &PatchParams::default(), &Patch::Merge(&patch)).await?;
    assert_eq!(status.labels().get("a").map(String::as_str), Some("b"));
    assert_eq!(status.status.and_then(|status| status.capacity).map(|capacity| capacity.len()), Some(1));
    Ok(())
}
