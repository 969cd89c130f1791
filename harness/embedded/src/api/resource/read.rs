//! Reading.

use axum::http::StatusCode;
use axum::response::Response;

use super::present::Form;
use crate::api::request::Query;
use crate::api::route::Target;
use crate::api::state::ApiServer;
use crate::store::{Refusal, Selector};

/// Answers with one object.
pub(super) fn get(server: &ApiServer, target: &Target, form: Form) -> Result<Response, Refusal> {
    Ok(form.answer(StatusCode::OK, &target.kind, &server.store.get(&target.key())?))
}

/// Answers with a list. `limit` is taken and the whole list is given, which the API allows.
pub(super) fn list(server: &ApiServer, target: &Target, query: &Query, form: Form) -> Result<Response, Refusal> {
    let selector = selector(query)?;
    let listing = server.store.list(&target.kind.resource, target.namespace.as_deref(), &selector);
    Ok(form.list(&target.kind, &listing))
}

/// Reads the selectors of a request.
pub(super) fn selector(query: &Query) -> Result<Selector, Refusal> {
    Selector::parse(query.get("labelSelector"), query.get("fieldSelector"))
}
