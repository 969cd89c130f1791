//! The bootstrap of an Envoy that is fed from files.

use serde_json::{Value, json};

use super::layout::{Layout, Readiness};
use super::source::{path, socket_options};

/// Clusters that only the streams need.
const STREAMS: [&str; 2] = ["sds-grpc", "xds-grpc"];
const AGENT: &str = "agent";

/// Takes the streams out of Istio's bootstrap and puts the files in.
pub(super) fn bootstrap(mut bootstrap: Value, layout: &Layout) -> Value {
    bootstrap["dynamic_resources"] =
        json!({ "lds_config": path(layout, "lds.json"), "cds_config": path(layout, "cds.json") });
    let by_proxy = layout.readiness == Readiness::Proxy;
    if let Some(Value::Array(clusters)) = bootstrap.pointer_mut("/static_resources/clusters") {
        clusters.retain(|cluster| {
            let name = cluster["name"].as_str().unwrap_or_default();
            !(STREAMS.contains(&name) || by_proxy && name == AGENT)
        });
    }
    if by_proxy && let Some(listeners) = bootstrap.pointer_mut("/static_resources/listeners") {
        answer(listeners);
    }
    if let Some(mark) = layout.mark {
        bootstrap["cluster_manager"] = json!({ "upstream_bind_config": { "socket_options": socket_options(mark) } });
    }
    bootstrap
}

/// Lets Envoy answer where it would ask the agent.
fn answer(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if map.get("route").is_some_and(|route| route["cluster"] == AGENT) {
                map.remove("route");
                map.insert("direct_response".to_owned(), json!({ "status": 200 }));
            }
            map.values_mut().for_each(answer);
        }
        Value::Array(list) => list.iter_mut().for_each(answer),
        _ => {}
    }
}
