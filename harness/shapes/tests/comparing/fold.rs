//! Recordings made small without loss: what stands in them more than once stands in a table.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

/// The key that says "see the table".
const REFERENCE: &str = "$";
/// Shorter values stay where they are.
const LONG: usize = 48;

/// Moves repeated values into a table: `{"table": […], "value": …}`; `{"$": 3}` stands for the fourth of the table.
pub(crate) fn fold(value: &Value) -> Value {
    let mut counts = HashMap::new();
    count(value, &mut counts);
    let mut table = Vec::new();
    let mut places = HashMap::new();
    let folded = replace(value, &counts, &mut table, &mut places);
    json!({ "table": table, "value": folded })
}

fn count(value: &Value, counts: &mut HashMap<String, usize>) {
    if let Some(text) = worth(value) {
        let seen = counts.entry(text).or_default();
        *seen += 1;
        if *seen > 1 {
            return;
        }
    }
    match value {
        Value::Object(map) => map.values().for_each(|inner| count(inner, counts)),
        Value::Array(list) => list.iter().for_each(|inner| count(inner, counts)),
        _ => {}
    }
}

fn worth(value: &Value) -> Option<String> {
    let text = (value.is_object() || value.is_array()).then(|| value.to_string())?;
    (text.len() > LONG).then_some(text)
}

fn replace(
    value: &Value,
    counts: &HashMap<String, usize>,
    table: &mut Vec<Value>,
    places: &mut HashMap<String, usize>,
) -> Value {
    let repeated = worth(value).filter(|text| counts.get(text).is_some_and(|seen| *seen > 1));
    if let Some(place) = repeated.as_ref().and_then(|text| places.get(text)) {
        return json!({ REFERENCE: place });
    }
    let inner = match value {
        Value::Object(map) => Value::Object(
            map.iter().map(|(key, inner)| (key.clone(), replace(inner, counts, table, places))).collect::<Map<_, _>>(),
        ),
        Value::Array(list) => list.iter().map(|inner| replace(inner, counts, table, places)).collect(),
        other => other.clone(),
    };
    match repeated {
        Some(text) => {
            table.push(inner);
            places.insert(text, table.len() - 1);
            json!({ REFERENCE: table.len() - 1 })
        }
        None => inner,
    }
}
