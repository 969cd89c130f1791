//! Why the API does not do as asked.

use serde_json::{Value, json};

/// A refusal of the API, in the words of Kubernetes (kubernetes/kubernetes:staging/src/k8s.io/apimachinery/pkg/api/errors/errors.go).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such object (404).
    #[error("{resource} \"{name}\" not found")]
    NotFound {
        /// The resource with its group: `pods`, `deployments.apps`.
        resource: String,
        /// The object's name.
        name: String,
    },
    /// There is no such kind, or no such path (404).
    #[error("the server could not find the requested resource")]
    NoSuchResource,
    /// An object of that name is there (409).
    #[error("{resource} \"{name}\" already exists")]
    AlreadyExists {
        /// The resource with its group.
        resource: String,
        /// The object's name.
        name: String,
    },
    /// The object is another one than the caller knew (409).
    #[error("Operation cannot be fulfilled on {resource} \"{name}\": {why}")]
    Conflict {
        /// The resource with its group.
        resource: String,
        /// The object's name.
        name: String,
        /// What differs.
        why: String,
    },
    /// A server-side apply would take fields from their managers (409).
    #[error("Apply failed with {} conflict{}: {}", .0.len(), if .0.len() == 1 { "" } else { "s" }, conflicts(.0))]
    ApplyConflict(Vec<FieldConflict>),
    /// The history that a watch needs is no longer there (410).
    #[error("too old resource version: {wanted} ({oldest})")]
    Expired {
        /// The version that was asked for.
        wanted: u64,
        /// The oldest that is known.
        oldest: u64,
    },
    /// The request makes no sense (400).
    #[error("{0}")]
    BadRequest(String),
    /// The object breaks a rule of its kind (422).
    #[error("{kind} \"{name}\" is invalid: {}", listed(.causes))]
    Invalid {
        /// The kind: `Service`.
        kind: String,
        /// The object's name.
        name: String,
        /// What is wrong, field by field.
        causes: Vec<Cause>,
    },
    /// The object must not be made or changed (403).
    #[error("{resource} \"{name}\" is forbidden: {why}")]
    Forbidden {
        /// The resource with its group.
        resource: String,
        /// The object's name.
        name: String,
        /// Why.
        why: String,
    },
    /// The resource does not know the verb (405).
    #[error("the server does not allow this method on the requested resource")]
    MethodNotAllowed,
    /// The body is of a type that the verb does not take (415).
    #[error("the body of the request was in an unknown format - accepted media types include: {accepted}")]
    UnsupportedMediaType {
        /// The types that it takes.
        accepted: String,
    },
    /// A server-side apply of fields that the kind does not have (500 without a reason, as the API server says it).
    #[error("failed to create typed patch object ({object}): {why}")]
    Untyped {
        /// The object: `namespace/name; apps/v1, Kind=Deployment`.
        object: String,
        /// Why: `.spec.prots: field not declared in schema`.
        why: String,
    },
    /// The server could not do its part (500).
    #[error("{0}")]
    Internal(String),
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The field: `spec.clusterIPs[0]`.
    pub field: String,
    /// The class: `FieldValueInvalid`, `FieldValueRequired`, `FieldValueDuplicate`, `FieldValueForbidden`, `FieldValueNotSupported`.
    pub reason: &'static str,
    /// In words: `Invalid value: "x": may not change once set`.
    pub message: String,
}

impl Cause {
    /// Makes a cause `Invalid value: <value>: <why>`.
    #[must_use]
    pub fn invalid(field: &str, value: &Value, why: &str) -> Self {
        let message = format!("Invalid value: {}: {why}", shown(value));
        Self { field: field.to_owned(), reason: "FieldValueInvalid", message }
    }

    /// Makes a cause `Required value: <why>`; an empty `why` is left out.
    #[must_use]
    pub fn required(field: &str, why: &str) -> Self {
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        Self { field: field.to_owned(), reason: "FieldValueRequired", message: format!("Required value{why}") }
    }

    /// Makes a cause `Unsupported value: <value>: supported values: …`.
    #[must_use]
    pub fn unsupported(field: &str, value: &Value, supported: &[&str]) -> Self {
        let supported: Vec<String> = supported.iter().map(|word| format!("\"{word}\"")).collect();
        let message = format!("Unsupported value: {}: supported values: {}", shown(value), supported.join(", "));
        Self { field: field.to_owned(), reason: "FieldValueNotSupported", message }
    }
}

/// A field that another manager owns with another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldConflict {
    /// The manager that owns it, quoted, and how it does: `"kubectl" using apps/v1`.
    pub manager: String,
    /// The field: `.spec.replicas`.
    pub field: String,
}

impl Refusal {
    /// Returns the HTTP status code.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::BadRequest(_) => 400,
            Self::Forbidden { .. } => 403,
            Self::NotFound { .. } | Self::NoSuchResource => 404,
            Self::MethodNotAllowed => 405,
            Self::AlreadyExists { .. } | Self::Conflict { .. } | Self::ApplyConflict(_) => 409,
            Self::Expired { .. } => 410,
            Self::UnsupportedMediaType { .. } => 415,
            Self::Invalid { .. } => 422,
            Self::Untyped { .. } | Self::Internal(_) => 500,
        }
    }

    /// Returns the reason, as `metav1.Status` has it.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::BadRequest(_) => "BadRequest",
            Self::Forbidden { .. } => "Forbidden",
            Self::NotFound { .. } | Self::NoSuchResource => "NotFound",
            Self::MethodNotAllowed => "MethodNotAllowed",
            Self::AlreadyExists { .. } => "AlreadyExists",
            Self::Conflict { .. } | Self::ApplyConflict(_) => "Conflict",
            Self::Expired { .. } => "Expired",
            Self::UnsupportedMediaType { .. } => "UnsupportedMediaType",
            Self::Invalid { .. } => "Invalid",
            Self::Untyped { .. } => "",
            Self::Internal(_) => "InternalError",
        }
    }

    /// Returns the refusal as a `metav1.Status` object.
    #[must_use]
    pub fn status(&self) -> Value {
        let message = self.to_string();
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": self.reason(), "code": self.code(),
        });
        let named = |resource: &str, name: &str| {
            let (plural, group) = resource.split_once('.').unwrap_or((resource, ""));
            json!({ "name": name, "group": group, "kind": plural })
        };
        let details = match self {
            Self::NotFound { resource, name }
            | Self::AlreadyExists { resource, name }
            | Self::Conflict { resource, name, .. }
            | Self::Forbidden { resource, name, .. } => named(resource, name),
            Self::Invalid { kind, name, causes } => {
                json!({ "name": name, "kind": kind, "causes": causes.iter().map(|cause| json!({
                "reason": cause.reason, "message": cause.message, "field": cause.field,
            })).collect::<Vec<_>>() })
            }
            Self::ApplyConflict(conflicts) => json!({ "causes": conflicts.iter().map(|conflict| json!({
                "reason": "FieldManagerConflict", "field": conflict.field,
                "message": format!("conflict with {}", conflict.manager),
            })).collect::<Vec<_>>() }),
            _ => json!({}),
        };
        if let Value::Object(map) = &mut status {
            map.insert("details".to_owned(), details);
        }
        status
    }

    /// Says what to do next; empty where the words of the refusal say it all.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoSuchResource => "look at what there is: `kubectl api-resources`",
            Self::Conflict { .. } | Self::Expired { .. } => "read the object or the list again and repeat",
            Self::ApplyConflict(_) => "apply with force, or leave these fields to their manager",
            _ => "",
        }
        .to_owned()
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        other => other.to_string(),
    }
}

fn listed(causes: &[Cause]) -> String {
    let words: Vec<String> = causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
    if let [only] = words.as_slice() { only.clone() } else { format!("[{}]", words.join(", ")) }
}

fn conflicts(conflicts: &[FieldConflict]) -> String {
    let words: Vec<String> =
        conflicts.iter().map(|conflict| format!("conflict with {}: {}", conflict.manager, conflict.field)).collect();
    words.join(", ")
}
