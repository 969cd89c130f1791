//! Single fields.

use serde_json::Value;

use crate::store::Cause;

/// Fills in a field that is not there.
pub(super) fn fill(object: &mut Value, key: &str, value: Value) {
    if let Value::Object(map) = object
        && map.get(key).is_none_or(Value::is_null)
    {
        map.insert(key.to_owned(), value);
    }
}

/// Says that a field must not change.
pub(super) fn immutable(field: &str, value: &Value) -> Cause {
    Cause::invalid(field, value, "field is immutable")
}
