//! Controllers: from Deployments to endpoints, and back to nothing.

use std::collections::BTreeSet;

use dualproof_model::family::{IpFamily, parse_ip};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Event, Node, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams, PropagationPolicy};
use kube::runtime::wait::{await_condition, conditions};
use serde_json::json;

use crate::{DUAL, Outcome, client, echo, puppet};

async fn deployed(client: &kube::Client, replicas: i32) -> Result<Api<Deployment>, Box<dyn std::error::Error>> {
    let (deployment, service) = echo(replicas);
    let services: Api<Service> = Api::default_namespaced(client.clone());
    services.create(&PostParams::default(), &serde_json::from_value(service)?).await?;
    let deployments: Api<Deployment> = Api::default_namespaced(client.clone());
    deployments.create(&PostParams::default(), &serde_json::from_value(deployment)?).await?;
    await_condition(deployments.clone(), "echo", conditions::is_deployment_completed()).await?;
    Ok(deployments)
}

#[tokio::test]
async fn a_deployment_becomes_pods_on_all_nodes_and_endpoints_of_both_families() -> Outcome {
    let puppet = puppet::start(&DUAL, 2)?;
    let client = client(&puppet).await?;
    deployed(&client, 4).await?;
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    let pods = pods.list(&ListParams::default().labels("app=echo")).await?.items;
    let nodes: Vec<&str> = pods.iter().filter_map(|pod| pod.spec.as_ref()?.node_name.as_deref()).collect();
    assert_eq!((nodes.len(), nodes.iter().collect::<BTreeSet<_>>().len()), (4, 2));

    let slices: Api<EndpointSlice> = Api::default_namespaced(client.clone());
    let slices = slices.list(&ListParams::default().labels("kubernetes.io/service-name=echo")).await?.items;
    let mut seen = BTreeSet::new();
    for slice in &slices {
        let ready: Vec<_> = slice
            .endpoints
            .iter()
            .flatten()
            .filter(|endpoint| endpoint.conditions.as_ref().and_then(|conditions| conditions.ready) == Some(true))
            .collect();
        assert_eq!(ready.len(), 4, "{slice:?}");
        assert!(ready.iter().all(|endpoint| endpoint.node_name.is_some() && endpoint.target_ref.is_some()));
        assert_eq!(
            slice.ports.as_ref().and_then(|ports| ports.first()?.port),
            Some(8080),
            "by the name of the target port"
        );
        assert!(ready.iter().all(|endpoint| {
            parse_ip(&endpoint.addresses[0])
                .is_ok_and(|address| IpFamily::of(&address).to_string() == slice.address_type)
        }));
        seen.insert(slice.address_type.clone());
    }
    assert_eq!(seen, ["IPv4", "IPv6"].map(str::to_owned).into());
    Ok(())
}

#[tokio::test]
async fn a_rollout_replaces_every_pod_and_scaling_is_followed() -> Outcome {
    let puppet = puppet::start(&DUAL, 2)?;
    let client = client(&puppet).await?;
    let deployments = deployed(&client, 3).await?;
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    let names = async || -> Result<BTreeSet<String>, kube::Error> {
        let pods = pods.list(&ListParams::default().labels("app=echo")).await?.items;
        Ok(pods.into_iter().filter_map(|pod| pod.metadata.name).collect())
    };
    let before = names().await?;
    deployments.restart("echo").await?;
    await_condition(deployments.clone(), "echo", conditions::is_deployment_completed()).await?;
    let done = |deployment: Option<&Deployment>| {
        deployment.and_then(|deployment| deployment.status.as_ref()).is_some_and(|status| status.replicas == Some(3))
    };
    await_condition(deployments.clone(), "echo", done).await?;
    let after = names().await?;
    assert_eq!((after.len(), before.intersection(&after).count()), (3, 0));

    let patch = json!({ "spec": { "replicas": 1 } });
    deployments.patch("echo", &PatchParams::default(), &Patch::Merge(&patch)).await?;
    let one = |deployment: Option<&Deployment>| {
        let status = deployment.and_then(|deployment| deployment.status.as_ref());
        status.is_some_and(|status| status.replicas == Some(1) && status.observed_generation.is_some())
    };
    await_condition(deployments.clone(), "echo", one).await?;
    let sets: Api<ReplicaSet> = Api::default_namespaced(client);
    assert_eq!(sets.list(&ListParams::default()).await?.items.len(), 2, "the old set is kept for going back");
    Ok(())
}

#[tokio::test]
async fn what_a_deployment_owns_goes_with_it_or_stays_as_asked() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let client = client(&puppet).await?;
    let deployments = deployed(&client, 2).await?;
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    let sets: Api<ReplicaSet> = Api::default_namespaced(client.clone());
    let name =
        sets.list(&ListParams::default()).await?.items.pop().and_then(|set| set.metadata.name).unwrap_or_default();
    let orphan = DeleteParams { propagation_policy: Some(PropagationPolicy::Orphan), ..DeleteParams::default() };
    let uid = deployments.get("echo").await?.metadata.uid.unwrap_or_default();
    deployments.delete("echo", &orphan).await?;
    await_condition(deployments.clone(), "echo", conditions::is_deleted(&uid)).await?;
    let set = sets.get(&name).await?;
    assert_eq!(set.metadata.owner_references, None);

    let foreground = DeleteParams::foreground();
    let uid = set.metadata.uid.unwrap_or_default();
    sets.delete(&name, &foreground).await?;
    await_condition(sets.clone(), &name, conditions::is_deleted(&uid)).await?;
    assert_eq!(pods.list(&ListParams::default()).await?.items.len(), 0, "in the foreground the pods go first");
    Ok(())
}

#[tokio::test]
async fn a_pod_that_no_node_takes_says_why_and_goes_when_one_comes() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let client = client(&puppet).await?;
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    let pod = json!({ "metadata": { "name": "p" }, "spec": {
        "nodeSelector": { "disk": "fast" }, "containers": [{ "name": "c", "image": "i" }] } });
    pods.create(&PostParams::default(), &serde_json::from_value(pod)?).await?;
    await_condition(pods.clone(), "p", |pod: Option<&Pod>| {
        let conditions = pod.and_then(|pod| pod.status.as_ref()?.conditions.as_ref());
        conditions.into_iter().flatten().any(|condition| condition.reason.as_deref() == Some("Unschedulable"))
    })
    .await?;
    let events: Api<Event> = Api::default_namespaced(client.clone());
    let events =
        events.list(&ListParams::default().fields("involvedObject.name=p,reason=FailedScheduling")).await?.items;
    let words = events.first().and_then(|event| event.message.clone()).unwrap_or_default();
    assert_eq!(words, "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.");

    let nodes: Api<Node> = Api::all(client);
    let label = json!({ "metadata": { "labels": { "disk": "fast" } } });
    nodes.patch("node-0", &PatchParams::default(), &Patch::Merge(&label)).await?;
    await_condition(pods, "p", conditions::is_pod_running()).await?;
    Ok(())
}

#[tokio::test]
async fn a_pod_for_which_every_node_is_full_waits_for_the_first_place_that_is_given_back() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let client = client(&puppet).await?;
    let nodes: Api<Node> = Api::all(client.clone());
    let room = json!({ "status": { "allocatable": { "pods": "2" } } });
    nodes.patch_status("node-0", &PatchParams::default(), &Patch::Merge(&room)).await?;
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    for name in ["first", "second", "third"] {
        let pod = json!({ "metadata": { "name": name }, "spec": { "containers": [{ "name": "c", "image": "i" }] } });
        pods.create(&PostParams::default(), &serde_json::from_value(pod)?).await?;
    }
    let is_refused = |pod: Option<&Pod>| {
        let conditions = pod.and_then(|pod| pod.status.as_ref()?.conditions.as_ref());
        conditions.into_iter().flatten().any(|condition| {
            condition.status == "False"
                && condition.message.as_deref() == Some("0/1 nodes are available: 1 Too many pods.")
        })
    };
    await_condition(pods.clone(), "third", is_refused).await?;
    assert_eq!(pods.get("third").await?.status.and_then(|status| status.phase).as_deref(), Some("Pending"));
    let events: Api<Event> = Api::default_namespaced(client);
    let told = ListParams::default().fields("involvedObject.name=third,reason=FailedScheduling");
    assert_eq!(events.list(&told).await?.items.len(), 1);

    pods.delete("first", &DeleteParams::default()).await?;
    await_condition(pods, "third", conditions::is_pod_running()).await?;
    Ok(())
}

#[tokio::test]
async fn a_daemon_set_has_one_pod_on_each_node() -> Outcome {
    let puppet = puppet::start(&DUAL, 3)?;
    let sets: Api<DaemonSet> = Api::default_namespaced(client(&puppet).await?);
    let set = json!({ "metadata": { "name": "d" }, "spec": { "selector": { "matchLabels": { "a": "b" } }, "template": {
        "metadata": { "labels": { "a": "b" } }, "spec": { "containers": [{ "name": "c", "image": "i" }] } } } });
    sets.create(&PostParams::default(), &serde_json::from_value(set)?).await?;
    let done = |set: Option<&DaemonSet>| {
        set.and_then(|set| set.status.as_ref()).is_some_and(|status| status.number_available == Some(3))
    };
    await_condition(sets, "d", done).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_pods_are_no_trouble() -> Outcome {
    let puppet = puppet::start(&DUAL, 4)?;
    let client = client(&puppet).await?;
    deployed(&client, 1000).await?;
    let slices: Api<EndpointSlice> = Api::default_namespaced(client);
    let slices = slices.list(&ListParams::default().labels("kubernetes.io/service-name=echo")).await?.items;
    assert_eq!(slices.iter().map(|slice| slice.endpoints.iter().flatten().count()).sum::<usize>(), 2000);
    assert!(slices.iter().all(|slice| slice.endpoints.iter().flatten().count() <= 100));
    Ok(())
}
