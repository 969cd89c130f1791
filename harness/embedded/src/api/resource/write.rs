//! Creating, replacing, patching.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::{Value, json};

use super::present::Form;
use super::strict::{Strictness, check_applied};
use crate::api::answer;
use crate::api::patch::{self, Manager, Patch};
use crate::api::request::{Query, media_type, read_body};
use crate::api::route::Target;
use crate::api::state::ApiServer;
use crate::store::{Part, Refusal, WriteOptions, object};

/// Creates an object.
pub(super) fn create(
    server: &ApiServer,
    target: &Target,
    query: &Query,
    manager: &Manager,
    (mut object, form): (Value, Form),
) -> Result<Response, Refusal> {
    let warnings = Strictness::of(query)?.check(&target.kind, &mut object)?;
    let namespace = target.namespace.clone().unwrap_or_default();
    if target.kind.namespaced && target.namespace.is_none() {
        return Err(Refusal::BadRequest("an object of a namespace is created in its namespace".to_owned()));
    }
    patch::own_created(&target.kind, manager, &mut object);
    let mut key = target.key();
    key.namespace = namespace;
    let stored = server.store.create(&key, object, &WriteOptions { dry_run: query.dry_run() })?;
    Ok(answer::warn(form.answer(StatusCode::CREATED, &target.kind, &stored), &warnings))
}

/// Replaces an object; makes none where there is none.
pub(super) fn replace(
    server: &ApiServer,
    target: &Target,
    query: &Query,
    (part, manager): (Part, &Manager),
    (mut object, form): (Value, Form),
) -> Result<Response, Refusal> {
    let warnings = Strictness::of(query)?.check(&target.kind, &mut object)?;
    let options = WriteOptions { dry_run: query.dry_run() };
    let stored = server.store.modify(&target.key(), part, &options, |before| {
        patch::own_changed(&target.kind, manager, before, &mut object);
        Ok(object)
    })?;
    Ok(answer::warn(form.answer(StatusCode::OK, &target.kind, &stored), &warnings))
}

/// Patches an object. An apply makes it where there is none.
pub(super) fn patch(
    server: &ApiServer,
    target: &Target,
    query: &Query,
    (part, manager): (Part, &Manager),
    (parts, body, form): (&Parts, &Bytes, Form),
) -> Result<Response, Refusal> {
    let kind = &target.kind;
    let strictness = Strictness::of(query)?;
    let options = WriteOptions { dry_run: query.dry_run() };
    let patch = Patch::of(media_type(&parts.headers), read_body(&parts.headers, body)?)?;
    let key = target.key();
    if let Patch::Apply(mut config) = patch {
        if query.get("fieldManager").is_empty() {
            let why =
                "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch";
            return Err(Refusal::BadRequest(why.to_owned()));
        }
        check_applied(kind, &config)?;
        if config.get("kind").is_none() || config.get("apiVersion").is_none() {
            return Err(Refusal::BadRequest("an apply must say kind and apiVersion".to_owned()));
        }
        object::set_metadata(&mut config, "managedFields", Value::Null);
        let change = |before: Option<&Value>| patch::apply(kind, manager, before, &config, query.is("force"));
        let (stored, is_new) = if part == Part::Status {
            (server.store.modify(&key, part, &options, |before| change(Some(before)))?, false)
        } else {
            server.store.put(&key, &options, change)?
        };
        let code = if is_new { StatusCode::CREATED } else { StatusCode::OK };
        return Ok(form.answer(code, kind, &stored));
    }
    let mut warnings = Vec::new();
    let stored = server.store.modify(&key, part, &options, |before| {
        let mut object = patch.onto(kind, before)?;
        warnings = strictness.check_patched(kind, &mut object)?;
        patch::own_changed(kind, manager, before, &mut object);
        Ok(object)
    })?;
    Ok(answer::warn(form.answer(StatusCode::OK, kind, &stored), &warnings))
}

/// Binds a pod to a node.
pub(super) fn bind(server: &ApiServer, target: &Target, binding: &Value) -> Result<Response, Refusal> {
    let node = object::text(binding, "/target/name").to_owned();
    let _: Arc<Value> = server.store.modify(&target.key(), Part::Main, &WriteOptions::default(), |before| {
        let mut pod = before.clone();
        object::set(object::entry(&mut pod, "spec"), "nodeName", node.into());
        Ok(pod)
    })?;
    let status = json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201 });
    Ok(answer::json(StatusCode::CREATED, &status))
}
