//! Templates of pods.

use serde_json::{Map, Value, json};

use crate::controller::cluster::owner_reference;
use crate::store::object::{name, namespace};

/// Names a template by a hash, in letters that make no words
/// (kubernetes/kubernetes:pkg/controller/controller_utils.go `ComputeHash`; the number itself is another one).
pub(super) fn hash(template: &Value) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut number = 0x811c_9dc5_u32;
    fold(template, &mut number);
    let digits = number.to_string();
    digits.bytes().map(|digit| char::from(LETTERS[usize::from(digit) % LETTERS.len()])).collect()
}

/// FNV-1a over the value with its keys in order, whatever order they came in.
fn fold(value: &Value, number: &mut u32) {
    let mut add = |bytes: &[u8]| {
        for byte in bytes {
            *number = (*number ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
    };
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            add(b"{");
            for key in keys {
                fold(&Value::from(key.as_str()), number);
                fold(&map[key], number);
            }
        }
        Value::Array(items) => {
            add(b"[");
            items.iter().for_each(|item| fold(item, number));
        }
        scalar => add(scalar.to_string().as_bytes()),
    }
}

/// Adds a label to a template or a selector, at a JSON pointer to the map of labels.
pub(super) fn labelled(mut value: Value, at: &[&str], label: &str, text: &str) -> Value {
    let mut place = &mut value;
    for key in at {
        if !place[*key].is_object() {
            place[*key] = Value::Object(Map::new());
        }
        place = &mut place[*key];
    }
    place[label] = text.into();
    value
}

/// Makes a pod of the template of its owner.
pub(super) fn pod(owner: &Value, template: &Value) -> Value {
    let labels = template.pointer("/metadata/labels").cloned().unwrap_or_else(|| json!({}));
    let annotations = template.pointer("/metadata/annotations").cloned();
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "generateName": format!("{}-", name(owner)), "namespace": namespace(owner), "labels": labels,
            "ownerReferences": [owner_reference(owner)],
        },
        "spec": template["spec"],
    });
    if let Some(annotations) = annotations.filter(Value::is_object) {
        pod["metadata"]["annotations"] = annotations;
    }
    pod
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_does_not_matter_and_values_do() -> Result<(), serde_json::Error> {
        let one: Value = serde_json::from_str(r#"{"a": {"x": 1, "y": [1, 2]}, "b": "c"}"#)?;
        let same: Value = serde_json::from_str(r#"{"b": "c", "a": {"y": [1, 2], "x": 1}}"#)?;
        let other: Value = serde_json::from_str(r#"{"b": "c", "a": {"y": [2, 1], "x": 1}}"#)?;
        assert_eq!(hash(&one), hash(&same));
        assert_ne!(hash(&one), hash(&other));
        Ok(())
    }
}
