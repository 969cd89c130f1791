//! Validation of fields against the types of their kind.

use serde_json::Value;

use crate::api::request::Query;
use crate::store::{Decoded, Kind, Refusal};

/// What to do with fields that a kind does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strictness {
    /// Drop them.
    Ignore,
    /// Drop them and say so.
    Warn,
    /// Refuse the object.
    Strict,
}

impl Strictness {
    /// Reads `fieldValidation`; the API server's own choice is to warn.
    pub(super) fn of(query: &Query) -> Result<Self, Refusal> {
        match query.get("fieldValidation") {
            "Ignore" => Ok(Self::Ignore),
            "" | "Warn" => Ok(Self::Warn),
            "Strict" => Ok(Self::Strict),
            other => Err(Refusal::BadRequest(format!("fieldValidation: Invalid value: \"{other}\""))),
        }
    }

    /// Checks an object that a client sent, and takes unknown fields out. Returns warnings.
    pub(super) fn check(self, kind: &Kind, object: &mut Value) -> Result<Vec<String>, Refusal> {
        let cannot = |why: String| {
            let (version, name) = (&kind.version, &kind.kind);
            Refusal::BadRequest(format!("{name} in version \"{version}\" cannot be handled as a {name}: {why}"))
        };
        self.checked(kind, object, &cannot)
    }

    /// As [`Strictness::check`], for the outcome of a patch.
    pub(super) fn check_patched(self, kind: &Kind, object: &mut Value) -> Result<Vec<String>, Refusal> {
        self.checked(kind, object, &|why| Refusal::BadRequest(format!("error decoding patch: {why}")))
    }

    fn checked(
        self,
        kind: &Kind,
        object: &mut Value,
        cannot: &dyn Fn(String) -> Refusal,
    ) -> Result<Vec<String>, Refusal> {
        let decoded = decoded(kind, object)?;
        if let Some(wrong) = decoded.wrong {
            return Err(cannot(format!("json: cannot unmarshal: {wrong}")));
        }
        let words = decoded.unknown.iter().map(|unknown| format!("unknown field \"{}\"", unknown.field));
        let words: Vec<String> = words.collect();
        if words.is_empty() {
            return Ok(words);
        }
        if self == Self::Strict {
            return Err(cannot(format!("strict decoding error: {}", words.join(", "))));
        }
        decoded.prune(object);
        Ok(if self == Self::Warn { words } else { Vec::new() })
    }
}

/// Checks what a server-side apply wants: every field must be one of the kind, however strict the client is.
pub(super) fn check_applied(kind: &Kind, object: &Value) -> Result<(), Refusal> {
    let decoded = decoded(kind, object)?;
    let unknown = decoded.unknown.first().map(|unknown| format!(".{}: field not declared in schema", unknown.field));
    let wrong = decoded.wrong.map(|wrong| format!(".{wrong}"));
    match unknown.or(wrong) {
        None => Ok(()),
        Some(why) => {
            let (namespace, name) = (crate::store::object::namespace(object), crate::store::object::name(object));
            let object = format!("{namespace}/{name}; {}, Kind={}", kind.api_version(), kind.kind);
            Err(Refusal::Untyped { object, why })
        }
    }
}

fn decoded(kind: &Kind, object: &Value) -> Result<Decoded, Refusal> {
    if !object.is_object() {
        return Err(Refusal::BadRequest("the object provided is unrecognized: it is no mapping".to_owned()));
    }
    for (field, expected) in [("kind", &kind.kind), ("apiVersion", &kind.api_version())] {
        let given = object.get(field).and_then(Value::as_str).unwrap_or_default();
        if !given.is_empty() && given != expected {
            return Err(Refusal::BadRequest(format!(
                "the {field} in the data ({given}) does not match the expected {field} ({expected})"
            )));
        }
    }
    Ok(kind.decode.map_or_else(Decoded::default, |decode| decode(object)))
}
