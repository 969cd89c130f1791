//! JSON patch (RFC 6902).

use serde_json::Value;

use crate::store::{Cause, Refusal};

/// Applies operations to a copy of a value.
pub(super) fn patched(object: &Value, operations: &Value) -> Result<Value, Refusal> {
    let Value::Array(operations) = operations else {
        return Err(Refusal::BadRequest("a JSON patch is a list of operations".to_owned()));
    };
    let mut object = object.clone();
    for operation in operations {
        apply(&mut object, operation).map_err(|why| Refusal::Invalid {
            kind: String::new(),
            name: String::new(),
            causes: vec![Cause::invalid("patch", operation, &why)],
        })?;
    }
    Ok(object)
}

fn apply(object: &mut Value, operation: &Value) -> Result<(), String> {
    let text = |key: &str| operation.get(key).and_then(Value::as_str);
    let path = text("path").ok_or("an operation without a path")?;
    let from = || text("from").ok_or("an operation without from");
    let value = || operation.get("value").cloned().ok_or("an operation without a value");
    match text("op").unwrap_or_default() {
        "add" => add(object, path, value()?),
        "remove" => remove(object, path).map(drop),
        "replace" => {
            let place = object.pointer_mut(path).ok_or_else(|| missing(path))?;
            *place = value()?;
            Ok(())
        }
        "copy" => {
            let from = from()?;
            let value = object.pointer(from).cloned().ok_or_else(|| missing(from))?;
            add(object, path, value)
        }
        "move" => {
            let value = remove(object, from()?)?;
            add(object, path, value)
        }
        "test" => {
            let (found, expected) = (object.pointer(path).cloned().unwrap_or_default(), value()?);
            if found == expected { Ok(()) } else { Err(format!("testing value {path} failed")) }
        }
        other => Err(format!("unexpected kind: {other}")),
    }
}

fn add(object: &mut Value, path: &str, value: Value) -> Result<(), String> {
    if path.is_empty() {
        *object = value;
        return Ok(());
    }
    let (parent, key) = place(object, path)?;
    match parent {
        Value::Object(map) => {
            map.insert(key, value);
            Ok(())
        }
        Value::Array(list) => {
            let at = if key == "-" { list.len() } else { key.parse().map_err(|_| missing(path))? };
            if at > list.len() {
                return Err(missing(path));
            }
            list.insert(at, value);
            Ok(())
        }
        _ => Err(missing(path)),
    }
}

fn remove(object: &mut Value, path: &str) -> Result<Value, String> {
    let (parent, key) = place(object, path)?;
    match parent {
        Value::Object(map) => map.remove(&key).ok_or_else(|| missing(path)),
        Value::Array(list) => {
            let at = key.parse().ok().filter(|at| *at < list.len()).ok_or_else(|| missing(path))?;
            Ok(list.remove(at))
        }
        _ => Err(missing(path)),
    }
}

/// Finds what holds the value of a path, and the value's key there.
fn place<'a>(object: &'a mut Value, path: &str) -> Result<(&'a mut Value, String), String> {
    let (parent, key) = path.rsplit_once('/').ok_or_else(|| missing(path))?;
    let parent = object.pointer_mut(parent).ok_or_else(|| missing(path))?;
    Ok((parent, key.replace("~1", "/").replace("~0", "~")))
}

fn missing(path: &str) -> String {
    format!("the path {path} does not exist")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_operation_does_its_own() -> Result<(), Refusal> {
        let object = json!({"a": {"x/y": 1, "m~n": 2}, "list": [1, 2, 3]});
        let cases = [
            (
                json!([{"op": "add", "path": "/a/b", "value": 5}]),
                json!({"a": {"x/y": 1, "m~n": 2, "b": 5}, "list": [1, 2, 3]}),
            ),
            (
                json!([{"op": "add", "path": "/list/1", "value": 9}]),
                json!({"a": {"x/y": 1, "m~n": 2}, "list": [1, 9, 2, 3]}),
            ),
            (
                json!([{"op": "add", "path": "/list/-", "value": 9}]),
                json!({"a": {"x/y": 1, "m~n": 2}, "list": [1, 2, 3, 9]}),
            ),
            (json!([{"op": "remove", "path": "/a/x~1y"}]), json!({"a": {"m~n": 2}, "list": [1, 2, 3]})),
            (
                json!([{"op": "replace", "path": "/a/m~0n", "value": 7}]),
                json!({"a": {"x/y": 1, "m~n": 7}, "list": [1, 2, 3]}),
            ),
            (
                json!([{"op": "move", "from": "/list/0", "path": "/a/first"}]),
                json!({"a": {"x/y": 1, "m~n": 2, "first": 1}, "list": [2, 3]}),
            ),
            (
                json!([{"op": "test", "path": "/list/2", "value": 3}, {"op": "copy", "from": "/list", "path": "/a"}]),
                json!({"a": [1, 2, 3], "list": [1, 2, 3]}),
            ),
        ];
        for (operations, outcome) in cases {
            assert_eq!(patched(&object, &operations)?, outcome, "{operations}");
        }
        Ok(())
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        let object = json!({"list": [1]});
        for operations in [
            json!([{"op": "remove", "path": "/no"}]),
            json!([{"op": "add", "path": "/list/5", "value": 1}]),
            json!([{"op": "test", "path": "/list/0", "value": 2}]),
            json!([{"op": "paint", "path": "/list"}]),
            json!({"op": "add"}),
        ] {
            assert!(patched(&object, &operations).is_err(), "{operations}");
        }
    }
}
