//! Removing.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::read::selector;
use crate::api::answer;
use crate::api::request::Query;
use crate::api::route::Target;
use crate::api::state::ApiServer;
use crate::store::{Key, Listing, Propagation, Refusal, Removal, object, resource};

/// Removes one object. Answers with a `Status` when it is gone, with the object while it goes.
pub(super) fn remove(server: &ApiServer, target: &Target, query: &Query, options: &Value) -> Result<Response, Refusal> {
    let key = target.key();
    let (last, gone) = server.store.remove(&key, &removal(query, options)?)?;
    // A pod is answered with itself in either case (kubernetes/kubernetes:pkg/registry/core/pod/storage: ReturnDeletedObject).
    if gone && key.resource != resource::PODS {
        let status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": {
                "name": key.name, "group": target.kind.group, "kind": target.kind.plural, "uid": object::uid(&last),
            },
        });
        return Ok(answer::json(StatusCode::OK, &status));
    }
    Ok(answer::json(StatusCode::OK, &*last))
}

/// Removes all selected objects of a collection.
pub(super) fn remove_all(
    server: &ApiServer,
    target: &Target,
    query: &Query,
    options: &Value,
) -> Result<Response, Refusal> {
    let removal = removal(query, options)?;
    let listing = server.store.list(&target.kind.resource, target.namespace.as_deref(), &selector(query)?);
    let mut removed = Listing { items: Vec::new(), version: listing.version };
    for object in &listing.items {
        let key = Key::new(&target.kind.resource, object::namespace(object), object::name(object));
        match server.store.remove(&key, &removal) {
            Ok((last, _)) => removed.items.push(last),
            // Somebody else was quicker.
            Err(Refusal::NotFound { .. }) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(super::present::Form::Whole.list(&target.kind, &removed))
}

fn removal(query: &Query, options: &Value) -> Result<Removal, Refusal> {
    let said = |name: &str| {
        let own = options.get(name).and_then(Value::as_str);
        own.unwrap_or_else(|| query.get(name)).to_owned()
    };
    let propagation = match said("propagationPolicy").as_str() {
        "" | "Background" => Propagation::Background,
        "Foreground" => Propagation::Foreground,
        "Orphan" => Propagation::Orphan,
        other => return Err(Refusal::BadRequest(format!("propagationPolicy: Unsupported value: \"{other}\""))),
    };
    let orphan = options.get("orphanDependents").and_then(Value::as_bool) == Some(true);
    let text = |pointer: &str| options.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let grace = match options.get("gracePeriodSeconds").and_then(Value::as_i64) {
        Some(seconds) => Some(seconds),
        None => query.number("gracePeriodSeconds")?,
    };
    Ok(Removal {
        grace,
        propagation: if orphan { Propagation::Orphan } else { propagation },
        uid: text("/preconditions/uid"),
        version: text("/preconditions/resourceVersion"),
        dry_run: query.dry_run() || object::items(options, "/dryRun").iter().any(|word| word == "All"),
    })
}
