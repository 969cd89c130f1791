//! Reviews: questions in the form of objects. Everybody may do everything here.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use crate::api::answer;
use crate::store::Refusal;

type Answer = fn(&Value) -> Result<Response, Refusal>;

/// Returns what answers a review; `None` for another path.
pub(in crate::api) fn review(path: &str) -> Option<Answer> {
    match path {
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        | "/apis/authorization.k8s.io/v1/subjectaccessreviews" => Some(access),
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews" => Some(rules),
        "/apis/authentication.k8s.io/v1/selfsubjectreviews" => Some(subject),
        _ => None,
    }
}

fn access(review: &Value) -> Result<Response, Refusal> {
    with_status(review, json!({ "allowed": true }))
}

fn rules(review: &Value) -> Result<Response, Refusal> {
    let status = json!({
        "resourceRules": [{ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] }],
        "nonResourceRules": [{ "verbs": ["*"], "nonResourceURLs": ["*"] }], "incomplete": false,
    });
    with_status(review, status)
}

fn subject(review: &Value) -> Result<Response, Refusal> {
    with_status(review, json!({ "userInfo": { "username": "dualproof", "groups": ["system:masters"] } }))
}

fn with_status(review: &Value, status: Value) -> Result<Response, Refusal> {
    let Value::Object(mut review) = review.clone() else {
        return Err(Refusal::BadRequest("a review is an object".to_owned()));
    };
    review.insert("status".to_owned(), status);
    Ok(answer::json(StatusCode::CREATED, &Value::Object(review)))
}
