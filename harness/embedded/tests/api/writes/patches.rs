//! Patches, and who owns what.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::{Error, ResourceExt};
use serde_json::{Value, json};

use crate::{DUAL, Outcome, client, echo, puppet};

#[tokio::test]
async fn an_apply_makes_changes_and_takes_back() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let maps: Api<ConfigMap> = Api::default_namespaced(client(&puppet).await?);
    let config =
        |data: Value| json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "m" }, "data": data });
    let apply = async |manager: &str, force: bool, data: Value| {
        let parameters = PatchParams { force, ..PatchParams::apply(manager) };
        maps.patch("m", &parameters, &Patch::Apply(config(data))).await
    };
    apply("one", false, json!({ "a": "1", "b": "1" })).await?;
    let again = apply("one", false, json!({ "a": "1", "b": "1" })).await?;
    let shared = apply("two", false, json!({ "b": "1", "c": "2" })).await?;
    assert_eq!(shared.data.map(|data| data.len()), Some(3));
    let same = apply("two", false, json!({ "b": "1", "c": "2" })).await?;
    assert_ne!(again.metadata.resource_version, same.metadata.resource_version);

    let conflict = apply("two", false, json!({ "a": "2", "b": "1", "c": "2" })).await;
    let Err(Error::Api(conflict)) = conflict else { return Err("there must be a conflict".into()) };
    assert_eq!((conflict.code, conflict.reason.as_str()), (409, "Conflict"));
    assert_eq!(conflict.message, "Apply failed with 1 conflict: conflict with \"one\": .data.a");
    let forced = apply("two", true, json!({ "a": "2", "b": "1", "c": "2" })).await?;
    assert_eq!(forced.data.and_then(|data| data.get("a").cloned()).as_deref(), Some("2"));

    // What nobody else owns is taken back with the wish for it.
    let less = apply("one", false, json!({})).await?;
    let keys: Vec<String> = less.data.into_iter().flatten().map(|(key, _)| key).collect();
    assert_eq!(keys, ["a", "b", "c"], "the other manager owns them now");
    let none = apply("two", false, json!({ "c": "2" })).await?;
    let keys: Vec<String> = none.data.iter().flatten().map(|(key, _)| key.clone()).collect();
    assert_eq!(keys, ["c"]);
    let managers: Vec<Option<&str>> = none.managed_fields().iter().map(|entry| entry.manager.as_deref()).collect();
    assert_eq!(managers, [Some("one"), Some("two")], "the one still wants a `data`, if an empty one");
    Ok(())
}

#[tokio::test]
async fn an_apply_merges_items_by_their_keys_and_respects_who_edited() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let deployments: Api<Deployment> = Api::default_namespaced(client(&puppet).await?);
    let (deployment, _) = echo(1);
    deployments.create(&PostParams::default(), &serde_json::from_value(deployment)?).await?;
    let image = |image: &str| {
        json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "echo" }, "spec": { "template": {
            "spec": { "containers": [{ "name": "echo", "image": image }, { "name": "side", "image": "side:1" }] } } } })
    };
    let conflict = deployments.patch("echo", &PatchParams::apply("tool"), &Patch::Apply(image("echo:2"))).await;
    let Err(Error::Api(conflict)) = conflict else { return Err("there must be a conflict".into()) };
    assert!(conflict.message.contains(".spec.template.spec.containers[name=\"echo\"].image"), "{}", conflict.message);
    let applied =
        deployments.patch("echo", &PatchParams::apply("tool").force(), &Patch::Apply(image("echo:2"))).await?;
    let containers = applied.spec.template.spec.map(|spec| spec.containers).unwrap_or_default();
    let images: Vec<Option<&str>> = containers.iter().map(|container| container.image.as_deref()).collect();
    assert_eq!(images, [Some("echo:2"), Some("side:1")]);
    assert_eq!(containers[0].ports.as_ref().map(Vec::len), Some(1), "the other fields stay");

    let mut less = image("echo:2");
    less["spec"]["template"]["spec"]["containers"] = json!([{ "name": "echo", "image": "echo:2" }]);
    let applied = deployments.patch("echo", &PatchParams::apply("tool"), &Patch::Apply(less)).await?;
    assert_eq!(applied.spec.template.spec.map(|spec| spec.containers.len()), Some(1));
    Ok(())
}

#[tokio::test]
async fn strategic_and_strict_go_together() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let deployments: Api<Deployment> = Api::default_namespaced(client(&puppet).await?);
    let (deployment, _) = echo(1);
    deployments.create(&PostParams::default(), &serde_json::from_value(deployment)?).await?;
    let patch = json!({ "spec": { "template": { "spec": { "containers": [{ "name": "echo", "args": ["x"] }] } } } });
    let patched = deployments.patch("echo", &PatchParams::default(), &Patch::Strategic(&patch)).await?;
    let container =
        patched.spec.template.spec.and_then(|spec| spec.containers.into_iter().next()).ok_or("no container")?;
    assert_eq!((container.image.as_deref(), container.args), (Some("echo:1"), Some(vec!["x".to_owned()])));
    let unknown = json!({ "spec": { "replica": 3 } });
    let refused = deployments.patch("echo", &PatchParams::default().validation_strict(), &Patch::Merge(&unknown)).await;
    let Err(Error::Api(refused)) = refused else { return Err("it must be refused".into()) };
    assert_eq!(refused.message, "error decoding patch: strict decoding error: unknown field \"spec.replica\"");
    Ok(())
}
