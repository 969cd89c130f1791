//! Strategic merge patch
//! (kubernetes/community:contributors/devel/sig-api-machinery/strategic-merge-patch.md).

use serde_json::{Map, Value};

use super::schema::{ListType, list_type};
use crate::store::Refusal;

const ORDER: &str = "$setElementOrder/";
const DELETE: &str = "$deleteFromPrimitiveList/";
const RETAIN: &str = "$retainKeys";
const DIRECTIVE: &str = "$patch";

/// Applies a patch to a copy of an object.
pub(super) fn patched(object: &Value, patch: &Value) -> Result<Value, Refusal> {
    let (Value::Object(object), Value::Object(patch)) = (object, patch) else {
        return Err(Refusal::BadRequest("a strategic merge patch is a mapping".to_owned()));
    };
    let mut object = object.clone();
    merge_map("", &mut object, patch)?;
    Ok(Value::Object(object))
}

fn merge_map(name: &str, target: &mut Map<String, Value>, patch: &Map<String, Value>) -> Result<(), Refusal> {
    match patch.get(DIRECTIVE).map(|directive| directive.as_str().unwrap_or_default()) {
        None | Some("merge") => {}
        Some("replace") => target.clear(),
        Some("delete") => {
            target.clear();
            return Ok(());
        }
        Some(other) => return Err(Refusal::BadRequest(format!("unknown patch directive: {other}"))),
    }
    for (key, value) in patch {
        if let Some(field) = key.strip_prefix(DELETE) {
            let gone = value.as_array().map(Vec::as_slice).unwrap_or_default();
            if let Some(Value::Array(list)) = target.get_mut(field) {
                list.retain(|item| !gone.contains(item));
            }
        } else if key.starts_with('$') {
            // The order of elements is followed below, once all are there; the other directives are about this map.
        } else if value.is_null() {
            target.remove(key);
        } else {
            merge_value(name, key, target, value)?;
        }
    }
    if let Some(Value::Array(kept)) = patch.get(RETAIN) {
        target.retain(|key, _| kept.iter().any(|name| name == key.as_str()));
    }
    for (key, order) in patch {
        if let (Some(field), Value::Array(order)) = (key.strip_prefix(ORDER), order) {
            arrange(list_type(name, field), target.get_mut(field), order);
        }
    }
    Ok(())
}

fn merge_value(name: &str, key: &str, target: &mut Map<String, Value>, value: &Value) -> Result<(), Refusal> {
    match value {
        Value::Object(patch) => {
            let place = target.entry(key.to_owned()).or_insert(Value::Null);
            let mut merged = match place.take() {
                Value::Object(map) => map,
                _ => Map::new(),
            };
            let outcome = merge_map(key, &mut merged, patch);
            *place = Value::Object(merged);
            outcome
        }
        Value::Array(items) => {
            let before = match target.remove(key) {
                Some(Value::Array(list)) => list,
                _ => Vec::new(),
            };
            let merged = match list_type(name, key) {
                ListType::Atomic => items.clone(),
                ListType::Set => {
                    let new = items.iter().filter(|item| !before.contains(item)).cloned().collect::<Vec<_>>();
                    before.into_iter().chain(new).collect()
                }
                ListType::Map(keys) => merge_items(key, keys[0], before, items)?,
            };
            target.insert(key.to_owned(), Value::Array(merged));
            Ok(())
        }
        scalar => {
            target.insert(key.to_owned(), scalar.clone());
            Ok(())
        }
    }
}

fn merge_items(name: &str, key: &str, mut list: Vec<Value>, items: &[Value]) -> Result<Vec<Value>, Refusal> {
    let directive = |item: &Value| item.get(DIRECTIVE).and_then(Value::as_str).unwrap_or_default().to_owned();
    if items.iter().any(|item| directive(item) == "replace") {
        list.clear();
    }
    for item in items {
        let Value::Object(patch) = item else {
            return Err(Refusal::BadRequest(format!("an item of {name} is no mapping")));
        };
        let is_same = |known: &Value| known.get(key) == patch.get(key);
        match directive(item).as_str() {
            "delete" => list.retain(|known| !is_same(known)),
            "replace" if patch.len() == 1 => {}
            _ if !patch.contains_key(key) => {
                return Err(Refusal::BadRequest(format!("an item of {name} does not contain its merge key {key}")));
            }
            _ => {
                let at = list.iter().position(is_same).unwrap_or(list.len());
                if at == list.len() {
                    list.push(Value::Object(Map::new()));
                }
                if let Value::Object(known) = &mut list[at] {
                    merge_map(name, known, patch)?;
                    known.remove(DIRECTIVE);
                }
            }
        }
    }
    Ok(list)
}

/// Sorts items as the patch names them; those that it does not name come last, as they were.
fn arrange(kind: ListType, list: Option<&mut Value>, order: &[Value]) {
    let Some(Value::Array(list)) = list else { return };
    let place = |item: &Value| {
        let at = match kind {
            ListType::Map(keys) => order.iter().position(|named| named.get(keys[0]) == item.get(keys[0])),
            _ => order.iter().position(|named| named == item),
        };
        at.unwrap_or(order.len())
    };
    list.sort_by_key(place);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment() -> Value {
        json!({"metadata": {"labels": {"a": "1"}, "finalizers": ["x"]}, "spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {}},
            "template": {"spec": {"containers": [
                {"name": "one", "image": "a", "args": ["x", "y"], "ports": [{"containerPort": 80}]},
                {"name": "two", "image": "b"}]}}}})
    }

    #[test]
    fn items_are_merged_by_their_keys() -> Result<(), Refusal> {
        let patch = json!({"metadata": {"finalizers": ["y"], "labels": {"a": null, "b": "2"}}, "spec": {
            "strategy": {"$retainKeys": ["type"], "type": "Recreate"},
            "template": {"spec": {
                "$setElementOrder/containers": [{"name": "three"}, {"name": "one"}],
                "containers": [
                    {"name": "one", "image": "c", "args": ["z"], "ports": [{"containerPort": 81}]},
                    {"name": "two", "$patch": "delete"},
                    {"name": "three", "image": "d"}]}}}});
        let outcome = json!({"metadata": {"labels": {"b": "2"}, "finalizers": ["x", "y"]}, "spec": {"strategy": {"type": "Recreate"},
            "template": {"spec": {"containers": [
                {"name": "three", "image": "d"},
                {"name": "one", "image": "c", "args": ["z"], "ports": [{"containerPort": 80}, {"containerPort": 81}]}]}}}});
        assert_eq!(patched(&deployment(), &patch)?, outcome);
        Ok(())
    }

    #[test]
    fn directives_replace_and_delete() -> Result<(), Refusal> {
        let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["x"]}, "spec": {"strategy": {"$patch": "replace", "type": "Recreate"},
            "template": {"spec": {"containers": [{"$patch": "replace"}, {"name": "new", "image": "e"}]}}}});
        let outcome = json!({"metadata": {"labels": {"a": "1"}, "finalizers": []}, "spec": {"strategy": {"$patch": "replace", "type": "Recreate"},
            "template": {"spec": {"containers": [{"name": "new", "image": "e"}]}}}});
        let mut patched = patched(&deployment(), &patch)?;
        assert_eq!(patched["spec"]["strategy"]["type"], "Recreate");
        patched["spec"]["strategy"]["$patch"] = json!("replace");
        assert_eq!(patched, outcome);
        Ok(())
    }
}
