//! Watches.

use std::collections::BTreeMap;

use dualproof_embedded::controller::ClusterConfig;
use dualproof_embedded::store::{Key, Refusal, Removal, Selector, Since, Store, What, WriteOptions, builtin, resource};
use futures_util::{StreamExt, TryStreamExt, pin_mut};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Error, ResourceExt};
use serde_json::json;

use crate::{DUAL, Outcome, client, puppet};

fn map(name: &str, label: &str) -> Result<ConfigMap, serde_json::Error> {
    serde_json::from_value(json!({ "metadata": { "name": name, "labels": { "is": label } } }))
}

#[tokio::test]
async fn a_watch_sees_objects_through_its_selector() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let maps: Api<ConfigMap> = Api::default_namespaced(client(&puppet).await?);
    let start = puppet.store.version().to_string();
    maps.create(&PostParams::default(), &map("a", "in")?).await?;
    maps.create(&PostParams::default(), &map("b", "out")?).await?;
    for (name, label) in [("b", "in"), ("a", "out")] {
        let patch = json!({ "metadata": { "labels": { "is": label } } });
        maps.patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await?;
    }
    maps.delete("b", &DeleteParams::default()).await?;
    let events = maps.watch(&WatchParams::default().labels("is=in"), &start).await?;
    let events: Vec<String> = events
        .map_ok(|event| match event {
            WatchEvent::Added(map) => format!("+{}", map.name_any()),
            WatchEvent::Modified(map) => format!("~{}", map.name_any()),
            WatchEvent::Deleted(map) => format!("-{}", map.name_any()),
            other => format!("{other:?}"),
        })
        .take(4)
        .try_collect()
        .await?;
    assert_eq!(events, ["+a", "+b", "-a", "-b"]);
    Ok(())
}

#[tokio::test]
async fn kubes_watcher_follows_by_lists_and_by_streams() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let maps: Api<ConfigMap> = Api::default_namespaced(client(&puppet).await?);
    maps.create(&PostParams::default(), &map("a", "x")?).await?;
    for (name, config) in [("b", watcher::Config::default()), ("c", watcher::Config::default().streaming_lists())] {
        let objects = watcher(maps.clone(), config).applied_objects();
        pin_mut!(objects);
        let mut seen = BTreeMap::new();
        while !seen.contains_key("a") {
            let object = objects.next().await.ok_or("the watch ended")??;
            seen.insert(object.name_any(), object);
        }
        maps.create(&PostParams::default(), &map(name, "x")?).await?;
        while !seen.contains_key(name) {
            let object = objects.next().await.ok_or("the watch ended")??;
            seen.insert(object.name_any(), object);
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_watch_of_a_past_that_is_gone_is_told_so() -> Outcome {
    let store = Store::with_history(builtin(), Vec::new(), 8);
    store.create(&Key::new(resource::NAMESPACES, "", "n"), json!({}), &WriteOptions::default())?;
    let start = store.version();
    let mut slow = store.watch(resource::CONFIG_MAPS, None, Selector::default(), Since::Version(start))?;
    for number in 0..20 {
        let key = Key::new(resource::CONFIG_MAPS, "n", &format!("m{number}"));
        store.create(&key, json!({}), &WriteOptions::default())?;
        if number == 3 {
            assert_eq!(slow.next().await?.what, What::Added);
        }
    }
    let slow = async {
        loop {
            if let Err(refusal) = slow.next().await {
                return refusal;
            }
        }
    };
    assert!(matches!(slow.await, Refusal::Expired { .. }));
    let late = store.watch(resource::CONFIG_MAPS, None, Selector::default(), Since::Version(start));
    assert_eq!(late.err().map(|refusal| refusal.code()), Some(410));
    store.remove(&Key::new(resource::CONFIG_MAPS, "n", "m0"), &Removal::default())?;
    Ok(())
}

#[tokio::test]
async fn a_client_is_told_410_inside_the_stream() -> Outcome {
    let puppet = puppet::start(&DUAL, 1)?;
    let maps: Api<ConfigMap> = Api::default_namespaced(client(&puppet).await?);
    let start = puppet.store.version().to_string();
    for number in 0..5000 {
        let key = Key::new(resource::CONFIG_MAPS, "default", &format!("m{number}"));
        puppet.store.create(&key, json!({}), &WriteOptions::default())?;
    }
    let events = maps.watch(&WatchParams::default(), &start).await?;
    pin_mut!(events);
    match events.next().await {
        Some(Ok(WatchEvent::Error(status))) => assert_eq!((status.code, status.reason.as_str()), (410, "Expired")),
        Some(Err(Error::Api(status))) => assert_eq!(status.code, 410),
        other => return Err(format!("{other:?}").into()),
    }
    Ok(())
}

#[test]
fn a_store_without_admission_is_only_a_store() -> Outcome {
    let config = ClusterConfig::new(vec!["10.96.0.0/16".parse()?]);
    let store = config.store();
    let nowhere = store.create(&Key::new(resource::PODS, "nowhere", "p"), json!({}), &WriteOptions::default());
    assert_eq!(nowhere.err().map(|refusal| refusal.to_string()).as_deref(), Some("namespaces \"nowhere\" not found"));
    Ok(())
}
