//! Undoes `fold`.

use serde_json::{Map, Value};

/// The key that says "see the table".
const REFERENCE: &str = "$";

/// Undoes `fold`; `None` where a reference leads nowhere.
pub(crate) fn unfold(folded: &Value) -> Option<Value> {
    let mut table: Vec<Value> = Vec::new();
    for entry in folded.get("table")?.as_array()? {
        let whole = expand(entry, &table)?;
        table.push(whole);
    }
    expand(folded.get("value")?, &table)
}

fn expand(value: &Value, table: &[Value]) -> Option<Value> {
    match value {
        Value::Object(map) => match map.get(REFERENCE).filter(|_| map.len() == 1) {
            Some(place) => table.get(usize::try_from(place.as_u64()?).ok()?).cloned(),
            None => map
                .iter()
                .map(|(key, inner)| Some((key.clone(), expand(inner, table)?)))
                .collect::<Option<Map<_, _>>>()
                .map(Value::Object),
        },
        Value::Array(list) => {
            list.iter().map(|inner| expand(inner, table)).collect::<Option<Vec<_>>>().map(Value::Array)
        }
        other => Some(other.clone()),
    }
}
