//! Files differ from Istio's streams in sources only.

use std::collections::BTreeSet;

use dualproof_shapes::files::{Certificates, Delivery, Files, Layout, Readiness};
use dualproof_shapes::settings::Settings;
use dualproof_shapes::sidecar::Sidecar;
use serde_json::Value;

use crate::comparing::difference::differences;
use crate::comparing::fold::fold;
use crate::comparing::load::{Outcome, version_profiles, world};
use crate::comparing::normal::computed;
use crate::comparing::unfold::unfold;

/// Fields that say where configuration comes from.
const SOURCES: [&str; 4] = ["eds_config", "config_source", "sds_config", "dynamic_resources"];

fn layout(delivery: Delivery, mark: Option<u32>) -> Layout {
    let certificates = Certificates {
        chain: "/c/chain.pem".to_owned(),
        key: "/c/key.pem".to_owned(),
        roots: "/c/roots.pem".to_owned(),
    };
    Layout { folder: "/envoy".to_owned(), certificates, mark, delivery, readiness: Readiness::Agent }
}

fn sidecar() -> Outcome<Sidecar> {
    let world = world()?;
    let settings = Settings::of(&"1.31.0".parse()?, &version_profiles()?).ok_or("no profile")?;
    let pod = world.pods.values().find(|pod| pod.id.namespace == "extra").ok_or("no pod")?;
    Ok(Sidecar::of(&world, &settings, &pod.id)?)
}

fn resources(files: &Files, file: &str) -> Vec<Value> {
    files.files.get(file).and_then(|whole| whole["resources"].as_array()).cloned().unwrap_or_default()
}

#[test]
fn watched_files_differ_from_streams_in_their_sources_only() -> Outcome {
    let sidecar = sidecar()?;
    let files = Files::of(sidecar.clone(), &layout(Delivery::Watched, None), "7");
    let mut fed = sidecar.clone();
    fed.listeners = resources(&files, "lds.json");
    fed.clusters = resources(&files, "cds.json");
    fed.bootstrap = files.files["envoy.json"].clone();
    let found = differences("", "", &computed(&fed), &computed(&sidecar));
    let strange: Vec<String> = found
        .iter()
        .filter(|difference| {
            let in_source = difference.path.split('/').any(|step| SOURCES.contains(&step));
            // The streams' own clusters are the other half of the source.
            !(in_source || difference.kind == "bootstrap" && difference.path == "/static_resources/clusters")
        })
        .map(ToString::to_string)
        .collect();
    assert!(strange.is_empty(), "{}", strange.join("\n"));
    assert!(found.len() > 100, "only {} sources were changed", found.len());
    Ok(())
}

#[test]
fn every_file_that_is_named_is_there_and_every_file_is_named() -> Outcome {
    let sidecar = sidecar()?;
    for delivery in [Delivery::Watched, Delivery::Inline] {
        let files = Files::of(sidecar.clone(), &layout(delivery, Some(1337)), "7");
        let mut named = BTreeSet::from(["envoy.json".to_owned()]);
        for content in files.files.values() {
            paths(content, &mut named);
        }
        assert_eq!(named, files.files.keys().cloned().collect(), "{delivery:?}");
        let text = serde_json::to_string(&files.files)?;
        assert!(!text.contains("\"ads\"") && !text.contains("sds-grpc"), "{delivery:?} has a stream left");
    }
    Ok(())
}

fn paths(value: &Value, named: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            if let Some(path) = map.get("path_config_source").and_then(|source| source["path"].as_str()) {
                named.insert(path.trim_start_matches("/envoy/").to_owned());
            }
            map.values().for_each(|inner| paths(inner, named));
        }
        Value::Array(list) => list.iter().for_each(|inner| paths(inner, named)),
        _ => {}
    }
}

#[test]
fn inline_files_hold_every_endpoint_and_every_route() -> Outcome {
    let sidecar = sidecar()?;
    let files = Files::of(sidecar.clone(), &layout(Delivery::Inline, Some(1337)), "7");
    for (name, endpoints) in &sidecar.endpoints {
        let clusters = resources(&files, "cds.json");
        let cluster = clusters.iter().find(|cluster| cluster["name"] == *name).ok_or("no cluster")?;
        assert_eq!(cluster["type"], "STATIC", "{name}");
        assert_eq!(cluster["load_assignment"]["endpoints"], endpoints["endpoints"], "{name}");
    }
    let listeners = serde_json::to_string(&resources(&files, "lds.json"))?;
    for route in sidecar.routes.values() {
        assert!(listeners.contains(&route["virtual_hosts"].to_string()), "{} is lost", route["name"]);
    }
    Ok(())
}

#[test]
fn the_mark_is_on_every_way_out() -> Outcome {
    let sidecar = sidecar()?;
    let files = Files::of(sidecar.clone(), &layout(Delivery::Inline, Some(1337)), "7");
    let mark = |bind: &Value| bind["socket_options"][0]["int_value"].as_u64();
    assert_eq!(mark(&files.files["envoy.json"]["cluster_manager"]["upstream_bind_config"]), Some(1337));
    let bound: Vec<Option<u64>> = resources(&files, "cds.json")
        .iter()
        .filter(|cluster| !cluster["upstream_bind_config"].is_null())
        .map(|cluster| mark(&cluster["upstream_bind_config"]))
        .collect();
    assert!(bound.len() > 1 && bound.iter().all(|mark| *mark == Some(1337)), "{bound:?}");
    Ok(())
}

#[test]
fn a_recording_is_folded_without_loss() -> Outcome {
    let sidecar = sidecar()?;
    let whole = Value::Array(sidecar.listeners);
    let folded = fold(&whole);
    assert_eq!(unfold(&folded), Some(whole.clone()));
    assert!(folded.to_string().len() < whole.to_string().len() / 2, "nothing was gained");
    Ok(())
}
