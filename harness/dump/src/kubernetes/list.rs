//! Lists, and what every object says of itself.

use std::collections::BTreeMap;

use dualproof_model::evidence::Meta;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::json::or_default;
use crate::place::Entry;
use crate::{DumpError, json};

/// An object of a kind that has `spec` and `status`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Object<Spec, Status> {
    pub(super) kind: String,
    pub(super) metadata: Metadata,
    pub(super) spec: Spec,
    pub(super) status: Status,
}

/// Nothing of interest.
#[derive(Default, Deserialize)]
pub(super) struct Ignored {}

/// `ObjectMeta`.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) uid: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) deletion_timestamp: Option<String>,
}

/// Anything that can stand in a list.
pub(super) trait Item: DeserializeOwned {
    /// The item's own `kind`; empty where the list leaves it out.
    fn kind(&self) -> &str;
    /// Its metadata.
    fn metadata(&self) -> &Metadata;
}

impl<Spec, Status> Item for Object<Spec, Status>
where
    Self: DeserializeOwned,
{
    fn kind(&self) -> &str {
        &self.kind
    }

    fn metadata(&self) -> &Metadata {
        &self.metadata
    }
}

/// What to read, and how to call it in errors.
#[derive(Clone, Copy)]
pub(super) struct Expected {
    /// The items' kind.
    pub(super) kind: &'static str,
    /// The list, in words.
    pub(super) words: &'static str,
}

/// Reads a list and converts its items, in their order.
pub(super) fn read<T: Item, E>(
    bytes: &[u8],
    place: &str,
    expected: Expected,
    convert: impl Fn(&Entry<'_>, Meta, T) -> Result<E, DumpError>,
) -> Result<Vec<E>, DumpError> {
    #[derive(Deserialize)]
    #[serde(bound(deserialize = "T: Deserialize<'de>"))]
    struct List<T> {
        #[serde(default)]
        kind: String,
        // A document without items is another document; `null` is an empty list.
        #[serde(default = "Option::default", deserialize_with = "some_or_empty")]
        items: Option<Vec<T>>,
    }
    fn some_or_empty<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<T>>, D::Error> {
        or_default(deserializer).map(Some)
    }
    let foreign = || json::foreign(bytes, place, expected.words);
    let is_ours = |kind: &str| kind == "List" || kind.strip_suffix("List") == Some(expected.kind);
    let list: List<T> = match json::object(bytes, place, expected.words) {
        Ok(list) => list,
        Err(DumpError::Json { .. }) if json::kind(bytes).is_some_and(|kind| !is_ours(&kind)) => return Err(foreign()),
        Err(error) => return Err(error),
    };
    let Some(items) = list.items else { return Err(foreign()) };
    if !is_ours(&list.kind) {
        return Err(foreign());
    }
    let mut objects = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let entry = Entry::of(place, "items", index);
        if !item.kind().is_empty() && item.kind() != expected.kind {
            return Err(entry.value("kind", item.kind(), expected.kind));
        }
        let metadata = item.metadata();
        if metadata.name.is_empty() {
            return Err(entry.absent("metadata.name", expected.words));
        }
        let meta = Meta {
            name: metadata.name.clone(),
            namespace: metadata.namespace.clone(),
            uid: metadata.uid.clone(),
            labels: metadata.labels.clone(),
            annotations: metadata.annotations.clone(),
            place: entry.pointer(),
        };
        objects.push(convert(&entry, meta, item)?);
    }
    Ok(objects)
}
