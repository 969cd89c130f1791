//! The one place in which a stream becomes a file.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::layout::{Delivery, Layout};

/// What listeners and clusters refer to by name.
#[derive(Clone, Copy)]
pub(super) struct Referred<'a> {
    /// Endpoints, by the name of their cluster.
    pub(super) endpoints: &'a BTreeMap<String, Value>,
    /// Routes, by their name.
    pub(super) routes: &'a BTreeMap<String, Value>,
}

/// Names the file of a resource: `eds/outbound_9000__echo.default.svc.cluster.local.json`.
pub(super) fn file(kind: &str, name: &str) -> String {
    format!("{kind}/{}.json", name.replace(['|', ':'], "_"))
}

/// A source that reads a file and waits for another one to be moved over it.
pub(super) fn path(layout: &Layout, file: &str) -> Value {
    json!({
        "path_config_source": { "path": format!("{}/{file}", layout.folder) },
        "initial_fetch_timeout": "0s",
        "resource_api_version": "V3",
    })
}

/// Rewrites the sources in a listener or cluster.
pub(super) fn rewrite(part: &mut Value, referred: Referred<'_>, layout: &Layout) {
    match part {
        Value::Object(map) => {
            if let Some(name) = map.get("name").and_then(Value::as_str).map(str::to_owned)
                && let Some(source) = map.get_mut("sds_config")
            {
                *source = path(layout, &file("sds", &name));
            }
            endpoints(map, referred, layout);
            routes(map, referred, layout);
            if let Some(mark) = layout.mark
                && let Some(bind) = map.get_mut("upstream_bind_config")
            {
                bind["socket_options"] = socket_options(mark);
            }
            map.values_mut().for_each(|inner| rewrite(inner, referred, layout));
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| rewrite(inner, referred, layout)),
        _ => {}
    }
}

/// Marks every packet of a connection: SOL_SOCKET, SO_MARK.
pub(super) fn socket_options(mark: u32) -> Value {
    json!([{ "level": 1, "name": 36, "int_value": mark, "state": "STATE_PREBIND" }])
}

type Fields = serde_json::Map<String, Value>;

fn endpoints(map: &mut Fields, referred: Referred<'_>, layout: &Layout) {
    let Some(lookup) = map.get_mut("eds_cluster_config") else { return };
    let name = lookup["service_name"].as_str().unwrap_or_default().to_owned();
    match layout.delivery {
        Delivery::Watched => lookup["eds_config"] = path(layout, &file("eds", &name)),
        Delivery::Inline => {
            map.remove("eds_cluster_config");
            map.insert("type".to_owned(), json!("STATIC"));
            map.insert("load_assignment".to_owned(), inner(referred.endpoints.get(&name)));
        }
    }
}

fn routes(map: &mut Fields, referred: Referred<'_>, layout: &Layout) {
    let Some(rds) = map.get_mut("rds") else { return };
    let name = rds["route_config_name"].as_str().unwrap_or_default().to_owned();
    match layout.delivery {
        Delivery::Watched => rds["config_source"] = path(layout, &file("rds", &name)),
        Delivery::Inline => {
            map.remove("rds");
            map.insert("route_config".to_owned(), inner(referred.routes.get(&name)));
        }
    }
}

/// A resource as a field: without its type.
fn inner(resource: Option<&Value>) -> Value {
    let mut inner = resource.cloned().unwrap_or_else(|| json!({}));
    if let Value::Object(map) = &mut inner {
        map.remove("@type");
    }
    inner
}
