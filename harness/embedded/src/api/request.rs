//! What a request says beside its path.

use axum::body::Bytes;
use axum::http::{HeaderMap, Uri, header};
use serde_json::Value;

use super::protobuf;
use crate::store::Refusal;

/// The parameters of a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(uri: &Uri) -> Result<Self, Refusal> {
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri);
        let pairs = pairs.map_err(|error| Refusal::BadRequest(format!("unreadable query: {error}")))?;
        Ok(Self(pairs.0))
    }

    /// Returns a parameter; empty when it is not there.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// Returns every value of a parameter.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Tells whether a switch is on.
    pub(super) fn is(&self, name: &str) -> bool {
        matches!(self.get(name), "true" | "1")
    }

    /// Reads a number; `None` when it is not there.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Refusal> {
        let text = self.get(name);
        if text.is_empty() {
            return Ok(None);
        }
        let unreadable = |_| Refusal::BadRequest(format!("{name}: invalid value: {text}"));
        text.parse().map(Some).map_err(unreadable)
    }

    /// Tells whether nothing is to be stored.
    pub(super) fn dry_run(&self) -> bool {
        self.get("dryRun") == "All"
    }
}

/// Returns a header's text; empty when it is not there.
pub(super) fn header_text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Returns the media type of the body without its parameters; JSON when nothing is said.
pub(super) fn media_type(headers: &HeaderMap) -> &str {
    let text = header_text(headers, header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim();
    if text.is_empty() { "application/json" } else { text }
}

/// Reads a body: JSON, or YAML where the media type says so.
pub(super) fn read_body(headers: &HeaderMap, body: &Bytes) -> Result<Value, Refusal> {
    let unreadable = |why: String| Refusal::BadRequest(format!("the object provided is unrecognized: {why}"));
    match media_type(headers) {
        "application/yaml" | "application/apply-patch+yaml" => {
            let text = std::str::from_utf8(body).map_err(|error| unreadable(error.to_string()))?;
            // Most clients write JSON here, which reads faster as what it is.
            if let Ok(value) = serde_json::from_str(text) {
                return Ok(value);
            }
            let options = serde_saphyr::options! { legacy_octal_numbers: true };
            serde_saphyr::from_str_with_options(text, options)
                .map_err(|error| unreadable(error.without_snippet().to_string()))
        }
        "application/vnd.kubernetes.protobuf" => protobuf::read(body),
        kind if kind.ends_with("json") => serde_json::from_slice(body).map_err(|error| unreadable(error.to_string())),
        _ => Err(Refusal::UnsupportedMediaType { accepted: "application/json, application/yaml".to_owned() }),
    }
}
