//! Answers.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::store::Refusal;

/// Answers with JSON.
pub(super) fn json(code: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => typed(code, "application/json", bytes),
        Err(error) => refusal(&Refusal::Internal(error.to_string())),
    }
}

/// Answers 200 with a text.
pub(super) fn text(text: &'static str) -> Response {
    typed(StatusCode::OK, "text/plain; charset=utf-8", text)
}

/// Answers with a body of a media type.
pub(super) fn typed(code: StatusCode, media: &'static str, body: impl Into<Body>) -> Response {
    (code, [(header::CONTENT_TYPE, HeaderValue::from_static(media))], body.into()).into_response()
}

/// Answers with a `Status`.
pub(super) fn refusal(refusal: &Refusal) -> Response {
    let code = StatusCode::from_u16(refusal.code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = refusal.status().to_string();
    typed(code, "application/json", body)
}

/// Adds warnings for people (RFC 7234, section 5.5, code 299).
pub(super) fn warn(mut response: Response, warnings: &[String]) -> Response {
    for warning in warnings {
        let text = format!("299 - \"{}\"", warning.replace('\\', "\\\\").replace('"', "\\\""));
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
    response
}
