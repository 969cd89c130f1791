//! Server-side apply
//! (kubernetes/website:content/en/docs/reference/using-api/server-side-apply.md).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::fields::{Path, item_step, spelled};
use super::managed::{Entry, Manager, entries, own_leaves, put_entries};
use super::schema::{ListType, item_key, list_type};
use crate::store::{FieldConflict, Kind, Refusal};

/// Makes of an object what a manager wants: its fields are set, and those that it wanted before and no longer wants are removed where
/// nobody else owns them. `before` is `None` for an object that is not there.
///
/// # Errors
/// [`Refusal::ApplyConflict`] when others own fields that would change, unless `force` takes them.
pub(in crate::api) fn apply(
    kind: &Kind,
    manager: &Manager,
    before: Option<&Value>,
    config: &Value,
    force: bool,
) -> Result<Value, Refusal> {
    let wanted = own_leaves(kind, manager, config);
    let fields: BTreeSet<Path> = wanted.keys().cloned().collect();
    let Some(before) = before else {
        let mut object = config.clone();
        put_entries(&mut object, &[Entry::new(kind, manager, "Apply", fields)]);
        return Ok(object);
    };
    let live = own_leaves(kind, manager, before);
    let changed: BTreeSet<&Path> =
        wanted.iter().filter(|(path, value)| live.get(*path) != Some(*value)).map(|(path, _)| path).collect();
    let mut entries = entries(before);
    let mut conflicts = Vec::new();
    for entry in entries.iter_mut().filter(|entry| !entry.is_of(manager, "Apply")) {
        let taken: Vec<&Path> = changed.iter().filter(|path| entry.fields.contains(**path)).copied().collect();
        let manager = match (entry.manager.sub, entry.operation.as_str()) {
            (None, "Apply") => format!("\"{}\"", entry.manager.name),
            (None, _) => format!("\"{}\" using {}", entry.manager.name, kind.api_version()),
            (Some(sub), _) => format!("\"{}\" with subresource \"{sub}\"", entry.manager.name),
        };
        conflicts.extend(taken.iter().map(|path| FieldConflict { manager: manager.clone(), field: spelled(path) }));
        entry.fields.retain(|path| !changed.contains(path));
    }
    if !conflicts.is_empty() && !force {
        return Err(Refusal::ApplyConflict(conflicts));
    }
    let mut object = before.clone();
    let merges = kind.decode.is_some();
    merge("", "", &mut object, config, merges);
    let own = entries.iter().find(|entry| entry.is_of(manager, "Apply"));
    let dropped: Vec<Path> = own.map(|own| own.fields.difference(&fields).cloned().collect()).unwrap_or_default();
    let others: Vec<&Entry> = entries.iter().filter(|entry| !entry.is_of(manager, "Apply")).collect();
    for path in dropped {
        let is_owned = others.iter().any(|entry| entry.fields.iter().any(|known| known.starts_with(&path)));
        let is_parent = fields.range(path.clone()..).next().is_some_and(|next| next.starts_with(&path));
        if !is_owned && !is_parent {
            remove("", &mut object, &path);
        }
    }
    entries.retain(|entry| !entry.is_of(manager, "Apply"));
    entries.push(Entry::new(kind, manager, "Apply", fields));
    put_entries(&mut object, &entries);
    Ok(object)
}

fn merge(parent: &str, name: &str, target: &mut Value, config: &Value, merges: bool) {
    match (target, config) {
        (Value::Object(target), Value::Object(config)) => merge_map(name, target, config, merges),
        (target @ Value::Array(_), Value::Array(items)) => {
            let kind = if merges { list_type(parent, name) } else { ListType::Atomic };
            let Value::Array(list) = target else { return };
            match kind {
                ListType::Atomic => *list = items.clone(),
                ListType::Set => {
                    let new: Vec<Value> = items.iter().filter(|item| !list.contains(item)).cloned().collect();
                    list.extend(new);
                }
                ListType::Map(keys) => {
                    for item in items {
                        match list.iter_mut().find(|known| item_key(keys, known) == item_key(keys, item)) {
                            Some(known) => merge(parent, name, known, item, merges),
                            None => list.push(item.clone()),
                        }
                    }
                }
            }
        }
        (target, config) => *target = config.clone(),
    }
}

fn merge_map(name: &str, target: &mut Map<String, Value>, config: &Map<String, Value>, merges: bool) {
    for (key, value) in config {
        match target.get_mut(key) {
            Some(known) => merge(name, key, known, value, merges),
            None => {
                target.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Removes a field or an item, and what became empty by it.
fn remove(parent: &str, object: &mut Value, path: &[String]) {
    let [step, rest @ ..] = path else { return };
    let Some(field) = step.strip_prefix("f:") else { return };
    let Value::Object(map) = object else { return };
    let Some(child) = map.get_mut(field) else { return };
    match (rest.first(), &mut *child) {
        (None, _) => {
            map.remove(field);
            return;
        }
        (Some(next), Value::Array(items)) => match list_type(parent, field) {
            ListType::Map(keys) => {
                if let Some(at) = items.iter().position(|item| item_step(keys, item) == *next) {
                    if rest.len() == 1 {
                        items.remove(at);
                    } else {
                        remove(field, &mut items[at], &rest[1..]);
                    }
                }
            }
            ListType::Set => items.retain(|item| format!("v:{item}") != *next),
            ListType::Atomic => {}
        },
        (Some(_), _) => remove(field, child, rest),
    }
    let is_empty = match child {
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    if is_empty {
        map.remove(field);
    }
}
