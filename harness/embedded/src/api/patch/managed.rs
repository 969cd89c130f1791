//! Who owns which field.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::fields::{Leaves, Path, from_v1, leaves, to_v1};
use crate::api::request::Query;
use crate::store::{Kind, object};

/// The subresource through which a status is written.
pub(in crate::api) const STATUS: &str = "status";

/// The subresource through which the number of an object's pods is written.
pub(in crate::api) const SCALE: &str = "scale";

/// A writer of fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::api) struct Manager {
    /// Its name.
    pub(super) name: String,
    /// The subresource through which it writes.
    pub(super) sub: Option<&'static str>,
}

impl Manager {
    /// Reads the name from `fieldManager`, else from the client's own name.
    pub(in crate::api) fn of(query: &Query, agent: &str, sub: Option<&'static str>) -> Self {
        let own = query.get("fieldManager");
        let name = if own.is_empty() { agent.split(['/', ' ']).next().unwrap_or_default() } else { own };
        let name = if name.is_empty() { "unknown" } else { name };
        Self { name: name.to_owned(), sub }
    }
}

/// One entry of `managedFields`.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) manager: Manager,
    pub(super) operation: String,
    pub(super) fields: BTreeSet<Path>,
    api_version: String,
    time: String,
}

impl Entry {
    pub(super) fn new(kind: &Kind, manager: &Manager, operation: &str, fields: BTreeSet<Path>) -> Self {
        let (api_version, time) = (kind.api_version(), object::now());
        Self { manager: manager.clone(), operation: operation.to_owned(), fields, api_version, time }
    }

    pub(super) fn is_of(&self, manager: &Manager, operation: &str) -> bool {
        self.manager == *manager && self.operation == operation
    }
}

/// Reads the entries of an object.
pub(super) fn entries(object: &Value) -> Vec<Entry> {
    let entries = object::items(object, "/metadata/managedFields").iter();
    let read = entries.map(|entry| Entry {
        manager: Manager {
            name: object::text(entry, "/manager").to_owned(),
            sub: [STATUS, SCALE].into_iter().find(|sub| *sub == object::text(entry, "/subresource")),
        },
        operation: object::text(entry, "/operation").to_owned(),
        fields: entry.get("fieldsV1").map(from_v1).unwrap_or_default(),
        api_version: object::text(entry, "/apiVersion").to_owned(),
        time: object::text(entry, "/time").to_owned(),
    });
    read.filter(|entry| !entry.manager.name.is_empty()).collect()
}

/// Writes the entries into an object; those without a field are left out.
pub(super) fn put_entries(object: &mut Value, entries: &[Entry]) {
    let written: Vec<Value> = entries
        .iter()
        .filter(|entry| !entry.fields.is_empty())
        .map(|entry| {
            let mut written = json!({
                "manager": entry.manager.name, "operation": entry.operation, "apiVersion": entry.api_version,
                "time": entry.time, "fieldsType": "FieldsV1", "fieldsV1": to_v1(&entry.fields),
            });
            if let Some(sub) = entry.manager.sub {
                written["subresource"] = sub.into();
            }
            written
        })
        .collect();
    let written = if written.is_empty() { Value::Null } else { Value::Array(written) };
    object::set_metadata(object, "managedFields", written);
}

/// Lists the leaves of what a manager may write: of the status, or of all else.
pub(super) fn own_leaves(kind: &Kind, manager: &Manager, object: &Value) -> Leaves {
    let mut found = leaves(object, kind.decode.is_some());
    if kind.has_status {
        let in_status = |path: &Path| path.first().is_some_and(|step| step == "f:status");
        found.retain(|path, _| in_status(path) == (manager.sub == Some(STATUS)));
    }
    found
}

/// Gives every field of a new object to its creator.
pub(in crate::api) fn own_created(kind: &Kind, manager: &Manager, object: &mut Value) {
    let fields = own_leaves(kind, manager, object).into_keys().collect();
    put_entries(object, &[Entry::new(kind, manager, "Update", fields)]);
}

/// Gives every field that differs from `before` to who wrote it.
pub(in crate::api) fn own_changed(kind: &Kind, manager: &Manager, before: &Value, object: &mut Value) {
    let has_own = object.pointer("/metadata/managedFields").is_some_and(Value::is_array);
    let mut entries = entries(if has_own { object } else { before });
    let (was, is) = (own_leaves(kind, manager, before), own_leaves(kind, manager, object));
    let changed: BTreeSet<Path> =
        is.iter().filter(|(path, value)| was.get(*path) != Some(*value)).map(|(path, _)| path.clone()).collect();
    let gone: BTreeSet<&Path> = was.keys().filter(|path| !is.contains_key(*path)).collect();
    for entry in &mut entries {
        let is_own = entry.is_of(manager, "Update");
        entry.fields.retain(|path| !gone.contains(path) && (is_own || !changed.contains(path)));
    }
    if !changed.is_empty() {
        match entries.iter_mut().find(|entry| entry.is_of(manager, "Update")) {
            Some(entry) => {
                entry.fields.extend(changed);
                entry.time = object::now();
            }
            None => entries.push(Entry::new(kind, manager, "Update", changed)),
        }
    }
    put_entries(object, &entries);
}
