//! Which verb a request is.

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::present::Form;
use super::{read, remove, scale, watch, write};
use crate::api::answer;
use crate::api::patch::{Manager, STATUS};
use crate::api::request::{Query, header_text, read_body};
use crate::api::route::Target;
use crate::api::state::ApiServer;
use crate::store::{Part, Refusal, resource};

/// Answers a request about an object or a collection.
pub(in crate::api) fn handle(
    server: &ApiServer,
    target: &Target,
    parts: &Parts,
    body: &Bytes,
) -> Result<Response, Refusal> {
    let query = Query::of(&parts.uri)?;
    let form = Form::of(header_text(&parts.headers, header::ACCEPT));
    let part = match target.sub.as_str() {
        "" => Part::Main,
        "status" if target.kind.has_status => Part::Status,
        "finalize" if target.kind.resource == resource::NAMESPACES => Part::Main,
        "scale" if scale::is_scaled(&target.kind) => {
            return scale::handle(server, target, &query, (parts, body), form);
        }
        "token" if target.kind.resource == resource::SERVICE_ACCOUNTS && parts.method == Method::POST => {
            return token(server, target, &read_body(&parts.headers, body)?);
        }
        "binding" if target.kind.resource == resource::PODS && parts.method == Method::POST => {
            return write::bind(server, target, &read_body(&parts.headers, body)?);
        }
        _ => return Err(Refusal::NoSuchResource),
    };
    let agent = header_text(&parts.headers, header::USER_AGENT);
    let manager = Manager::of(&query, agent, (part == Part::Status).then_some(STATUS));
    match (&parts.method, target.name.is_empty()) {
        (&Method::GET, _) if query.is("watch") => watch::watch(server, target, &query, form),
        (&Method::GET, true) => read::list(server, target, &query, form),
        (&Method::GET, false) => read::get(server, target, form),
        (&Method::POST, true) => {
            let object = read_body(&parts.headers, body)?;
            write::create(server, target, &query, &manager, (object, form))
        }
        (&Method::PUT, false) => {
            let object = read_body(&parts.headers, body)?;
            write::replace(server, target, &query, (part, &manager), (object, form))
        }
        (&Method::PATCH, false) => write::patch(server, target, &query, (part, &manager), (parts, body, form)),
        (&Method::DELETE, is_all) => {
            let options = if body.is_empty() { Value::Null } else { read_body(&parts.headers, body)? };
            if is_all {
                remove::remove_all(server, target, &query, &options)
            } else {
                remove::remove(server, target, &query, &options)
            }
        }
        _ => Err(Refusal::MethodNotAllowed),
    }
}

/// Issues a token for a service account. Nobody checks it: it only lets clients that want one go on.
fn token(server: &ApiServer, target: &Target, request: &Value) -> Result<Response, Refusal> {
    let account = server.store.get(&target.key())?;
    let mut answer = request.clone();
    let uid = crate::store::object::uid(&account);
    answer["status"] = json!({ "token": format!("dualproof-{uid}"), "expirationTimestamp": "2100-01-01T00:00:00Z" });
    Ok(answer::json(StatusCode::CREATED, &answer))
}
