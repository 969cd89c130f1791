//! Fields of an object, as server-side apply counts them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::schema::{ListType, item_key, list_type};

/// One step into an object, spelled as in `managedFields`: `f:spec`, `k:{"name":"c"}`, `v:"x"`.
pub(super) type Path = Vec<String>;

/// Leaves of an object with their values; items of lists that are maps stand there too, with `null`.
pub(super) type Leaves = BTreeMap<Path, Value>;

/// Fields that the server writes, or that say which object it is.
const IDENTITY: [&str; 9] = [
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
];

/// Lists the leaves of an object. `merges` tells whether lists may be maps and sets; without, each is one value.
pub(super) fn leaves(object: &Value, merges: bool) -> Leaves {
    let mut found = Leaves::new();
    let Value::Object(map) = object else { return found };
    for (key, value) in map.iter().filter(|(key, _)| !matches!(key.as_str(), "kind" | "apiVersion")) {
        let mut path = vec![format!("f:{key}")];
        match value {
            Value::Object(metadata) if key == "metadata" => {
                for (key, value) in metadata.iter().filter(|(key, _)| !IDENTITY.contains(&key.as_str())) {
                    path.push(format!("f:{key}"));
                    walk("metadata", key, value, &mut path, merges, &mut found);
                    path.pop();
                }
            }
            _ => walk("", key, value, &mut path, merges, &mut found),
        }
    }
    found
}

fn walk(parent: &str, name: &str, value: &Value, path: &mut Path, merges: bool, found: &mut Leaves) {
    let kind = if merges { list_type(parent, name) } else { ListType::Atomic };
    match (value, kind) {
        (Value::Object(map), _) if !map.is_empty() => fields(name, map, path, merges, found),
        (Value::Array(items), ListType::Map(keys)) => {
            for item in items {
                path.push(item_step(keys, item));
                found.insert(path.clone(), Value::Null);
                if let Value::Object(map) = item {
                    fields(name, map, path, merges, found);
                }
                path.pop();
            }
        }
        (Value::Array(items), ListType::Set) => {
            for item in items {
                path.push(format!("v:{item}"));
                found.insert(path.clone(), Value::Null);
                path.pop();
            }
        }
        _ => {
            found.insert(path.clone(), value.clone());
        }
    }
}

fn fields(name: &str, map: &Map<String, Value>, path: &mut Path, merges: bool, found: &mut Leaves) {
    for (key, value) in map {
        path.push(format!("f:{key}"));
        walk(name, key, value, path, merges, found);
        path.pop();
    }
}

/// Spells the step to an item.
pub(super) fn item_step(keys: &[&'static str], item: &Value) -> String {
    let key: Map<String, Value> =
        item_key(keys, item).into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    format!("k:{}", Value::Object(key))
}

/// Writes a set of fields as `fieldsV1`.
pub(super) fn to_v1(paths: &BTreeSet<Path>) -> Value {
    let mut root = Map::new();
    for path in paths {
        put(&mut root, path);
    }
    Value::Object(root)
}

fn put(place: &mut Map<String, Value>, path: &[String]) {
    let [step, rest @ ..] = path else { return };
    let child = place.entry(step.clone()).or_insert_with(|| Value::Object(Map::new()));
    let Value::Object(child) = child else { return };
    put(child, rest);
    // An item is a member itself beside its fields.
    if rest.is_empty() && step.starts_with("k:") {
        child.insert(".".to_owned(), Value::Object(Map::new()));
    }
}

/// Reads a set of fields from `fieldsV1`.
pub(super) fn from_v1(fields: &Value) -> BTreeSet<Path> {
    let mut found = BTreeSet::new();
    if let Value::Object(map) = fields {
        collect(map, &mut Path::new(), &mut found);
    }
    found
}

fn collect(map: &Map<String, Value>, path: &mut Path, found: &mut BTreeSet<Path>) {
    if map.is_empty() && !path.is_empty() {
        found.insert(path.clone());
    }
    for (step, value) in map {
        if step == "." {
            found.insert(path.clone());
        } else if let Value::Object(children) = value {
            path.push(step.clone());
            collect(children, path, found);
            path.pop();
        }
    }
}

/// Spells a path for people: `.spec.template.spec.containers[name="c"].image`.
pub(super) fn spelled(path: &[String]) -> String {
    let mut text = String::new();
    for step in path {
        if let Some(field) = step.strip_prefix("f:") {
            text.push('.');
            text.push_str(field);
        } else if let Some(Ok(Value::Object(key))) = step.strip_prefix("k:").map(serde_json::from_str) {
            let pairs: Vec<String> = key.iter().map(|(key, value)| format!("{key}={value}")).collect();
            text.push_str(&format!("[{}]", pairs.join(",")));
        } else {
            text.push_str(&format!("[={}]", step.trim_start_matches("v:")));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_come_back_from_their_own_form() {
        let object = json!({"kind": "D", "metadata": {"name": "d", "labels": {"a/b": "1"}, "finalizers": ["x"]}, "spec": {
            "template": {"spec": {"nodeSelector": {}, "containers": [
                {"name": "c", "args": ["x"], "ports": [{"containerPort": 80}]}]}}}});
        let paths: BTreeSet<Path> = leaves(&object, true).into_keys().collect();
        let spelled: Vec<String> = paths.iter().map(|path| super::spelled(path)).collect();
        let mut expected = vec![
            ".metadata.finalizers[=\"x\"]",
            ".metadata.labels.a/b",
            ".spec.template.spec.containers[name=\"c\"]",
            ".spec.template.spec.containers[name=\"c\"].args",
            ".spec.template.spec.containers[name=\"c\"].name",
            ".spec.template.spec.containers[name=\"c\"].ports[containerPort=80,protocol=\"TCP\"]",
            ".spec.template.spec.containers[name=\"c\"].ports[containerPort=80,protocol=\"TCP\"].containerPort",
            ".spec.template.spec.nodeSelector",
        ];
        let mut found: Vec<&str> = spelled.iter().map(String::as_str).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
        assert_eq!(from_v1(&to_v1(&paths)), paths);
    }
}
