//! The form in which objects are answered.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Value, json};

use crate::api::{answer, columns};
use crate::store::{Kind, Listing};

/// What the client wants to see of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The objects.
    Whole,
    /// Their metadata alone.
    Metadata,
    /// A table for people.
    Table,
}

impl Form {
    /// Reads the `Accept` header: the first form that it names.
    pub(super) fn of(accept: &str) -> Self {
        for offer in accept.split(',') {
            if offer.contains("as=Table") {
                return Self::Table;
            }
            if offer.contains("as=PartialObjectMetadata") && !offer.contains("protobuf") {
                return Self::Metadata;
            }
            if matches!(offer.trim(), "application/json" | "*/*") {
                return Self::Whole;
            }
        }
        Self::Whole
    }

    /// Returns one object in this form. `with_columns` names the columns, which a watch does only once.
    pub(super) fn object(self, kind: &Kind, object: &Arc<Value>, with_columns: bool) -> Arc<Value> {
        match self {
            Self::Whole => object.clone(),
            Self::Metadata => Arc::new(metadata(object)),
            Self::Table => {
                let version = object.pointer("/metadata/resourceVersion").cloned().unwrap_or_default();
                let rows = std::slice::from_ref(object);
                Arc::new(columns::table(kind, rows, json!({ "resourceVersion": version }), with_columns))
            }
        }
    }

    /// Answers with one object.
    pub(super) fn answer(self, code: StatusCode, kind: &Kind, object: &Arc<Value>) -> Response {
        answer::json(code, &*self.object(kind, object, true))
    }

    /// Answers with a list.
    pub(super) fn list(self, kind: &Kind, listing: &Listing) -> Response {
        let version = listing.version.to_string();
        match self {
            Self::Whole => answer::json(StatusCode::OK, &List { kind, version: &version, items: &listing.items }),
            Self::Metadata => {
                let items: Vec<Value> = listing.items.iter().map(|object| metadata(object)).collect();
                let list = json!({
                    "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                    "metadata": { "resourceVersion": version }, "items": items,
                });
                answer::json(StatusCode::OK, &list)
            }
            Self::Table => {
                let meta = json!({ "resourceVersion": version });
                answer::json(StatusCode::OK, &columns::table(kind, &listing.items, meta, true))
            }
        }
    }
}

/// Reduces an object to its metadata.
pub(in crate::api) fn metadata(object: &Value) -> Value {
    json!({ "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"] })
}

/// A list as the API server writes it: items of built-in kinds do not repeat what they are.
struct List<'a> {
    kind: &'a Kind,
    version: &'a str,
    items: &'a [Arc<Value>],
}

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("kind", &format!("{}List", self.kind.kind))?;
        map.serialize_entry("apiVersion", &self.kind.api_version())?;
        map.serialize_entry("metadata", &json!({ "resourceVersion": self.version }))?;
        map.serialize_entry("items", &Items(self))?;
        map.end()
    }
}

struct Items<'a>(&'a List<'a>);

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut items = serializer.serialize_seq(Some(self.0.items.len()))?;
        for item in self.0.items {
            if self.0.kind.decode.is_some() {
                items.serialize_element(&Bare(item))?;
            } else {
                items.serialize_element(item.as_ref())?;
            }
        }
        items.end()
    }
}

struct Bare<'a>(&'a Value);

impl Serialize for Bare<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = self.0.as_object().into_iter().flatten();
        serializer.collect_map(entries.filter(|(key, _)| !matches!(key.as_str(), "kind" | "apiVersion")))
    }
}
