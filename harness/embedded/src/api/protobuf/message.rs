//! Messages to JSON.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::schema::{Holds, field, is_known};
use super::wire::{Wire, fields, is_unset};
use crate::store::Refusal;

/// What stands before every object (kubernetes/apimachinery:pkg/runtime/serializer/protobuf/protobuf.go).
const MAGIC: &[u8] = b"k8s\0";

/// Reads an object.
pub(in crate::api) fn read(body: &[u8]) -> Result<Value, Refusal> {
    let unreadable = || Refusal::BadRequest("the object provided is unrecognized: it is no protobuf".to_owned());
    let envelope = body.strip_prefix(MAGIC).and_then(fields).ok_or_else(unreadable)?;
    let bytes = |fields: &[(u64, Wire<'_>)], number: u64| {
        fields.iter().find_map(|(known, value)| match value {
            Wire::Bytes(bytes) if *known == number => Some(bytes.to_vec()),
            _ => None,
        })
    };
    let kinds = bytes(&envelope, 1).unwrap_or_default();
    let kinds = fields(&kinds).ok_or_else(unreadable)?;
    let text = |number: u64| String::from_utf8(bytes(&kinds, number).unwrap_or_default()).map_err(|_| unreadable());
    let (api_version, kind) = (text(1)?, text(2)?);
    if !is_known(&kind) {
        return Err(Refusal::UnsupportedMediaType { accepted: "application/json, application/yaml".to_owned() });
    }
    let mut object = message(&kind, &bytes(&envelope, 2).unwrap_or_default())?;
    object.insert("apiVersion".to_owned(), api_version.into());
    object.insert("kind".to_owned(), kind.into());
    Ok(Value::Object(object))
}

fn message(name: &str, bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let broken = || Refusal::BadRequest(format!("the object provided is unrecognized: {name} is broken"));
    let mut found = Map::new();
    for (number, wire) in fields(bytes).ok_or_else(broken)? {
        let Some((key, is_list, holds)) = field(name, number) else {
            if is_unset(wire) {
                continue;
            }
            let why = format!("field {number} of {name} is not read as protobuf here: send JSON");
            return Err(Refusal::BadRequest(why));
        };
        let Some(value) = value(holds, wire, is_list)? else { continue };
        let place = found.entry(key.to_owned()).or_insert(Value::Null);
        match (&mut *place, value) {
            (Value::Array(list), value) if is_list => list.push(value),
            (place, value) if is_list => *place = json!([value]),
            (Value::Object(map), Value::Object(entries)) => map.extend(entries),
            (place, value) => *place = value,
        }
    }
    Ok(found)
}

/// Reads the value of a field; `None` for one that nobody set. Items of lists are always set.
fn value(holds: Holds, wire: Wire<'_>, is_list: bool) -> Result<Option<Value>, Refusal> {
    let broken = || Refusal::BadRequest("the object provided is unrecognized: a field is of another type".to_owned());
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| broken());
    Ok(match (holds, wire) {
        (Holds::Text, Wire::Bytes(bytes)) => (is_list || !bytes.is_empty()).then_some(text(bytes)?.into()),
        (Holds::Number, Wire::Number(number)) => (number != 0).then_some(json!(number.cast_signed())),
        (Holds::AnyNumber, Wire::Number(number)) => Some(json!(number.cast_signed())),
        (Holds::Truth, Wire::Number(number)) => (number != 0).then_some(true.into()),
        (Holds::Texts | Holds::Binaries, Wire::Bytes(bytes)) => {
            let (mut key, mut value) = (String::new(), Vec::new());
            for (number, part) in fields(bytes).ok_or_else(broken)? {
                match (number, part) {
                    (1, Wire::Bytes(bytes)) => key = text(bytes)?,
                    (2, Wire::Bytes(bytes)) => value = bytes.to_vec(),
                    _ => return Err(broken()),
                }
            }
            let value = if holds == Holds::Binaries { BASE64_STANDARD.encode(&value) } else { text(&value)? };
            Some(json!({ key: value }))
        }
        (Holds::IntOrString, Wire::Bytes(bytes)) => {
            let (mut is_text, mut number, mut words) = (false, 0, String::new());
            for (field, part) in fields(bytes).ok_or_else(broken)? {
                match (field, part) {
                    (1, Wire::Number(kind)) => is_text = kind == 1,
                    (2, Wire::Number(value)) => number = value.cast_signed(),
                    (3, Wire::Bytes(bytes)) => words = text(bytes)?,
                    _ => return Err(broken()),
                }
            }
            if is_text { Some(words.into()) } else { Some(number).filter(|number| *number != 0).map(Value::from) }
        }
        (Holds::Message(name), Wire::Bytes(bytes)) => {
            let map = message(name, bytes)?;
            (is_list || !map.is_empty()).then_some(Value::Object(map))
        }
        _ => return Err(broken()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field_of(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut field = vec![number << 3 | 2, u8::try_from(bytes.len()).unwrap_or_default()];
        field.extend_from_slice(bytes);
        field
    }

    fn object(kind: &str, raw: &[u8]) -> Vec<u8> {
        let kinds = [field_of(1, b"v1"), field_of(2, kind.as_bytes())].concat();
        [MAGIC.to_vec(), field_of(1, &kinds), field_of(2, raw)].concat()
    }

    #[test]
    fn an_object_is_read_without_what_nobody_set() -> Result<(), Refusal> {
        let metadata = [field_of(1, b"m"), field_of(2, b""), field_of(8, b"")].concat();
        let entry = |key: &[u8], value: &[u8]| field_of(2, &[field_of(1, key), field_of(2, value)].concat());
        let raw = [field_of(1, &metadata), entry(b"a", b"1"), entry(b"b", b"")].concat();
        let read = read(&object("ConfigMap", &raw))?;
        let expected = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "m" }, "data": { "a": "1", "b": "" } });
        assert_eq!(read, expected);
        Ok(())
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let unknown_field = object("Namespace", &field_of(9, b"\x08\x01"));
        for (body, code) in [
            (b"{}".to_vec(), 400),
            (object("Lease", b""), 415),
            (unknown_field, 400),
            (object("Namespace", b"\x0a\x7f"), 400),
        ] {
            assert_eq!(read(&body).map_err(|refusal| refusal.code()), Err(code), "{body:?}");
        }
    }
}
