//! Which kind gets which defaults.

use serde_json::{Value, json};

use super::{pod, workload};
use crate::store::object::{self, set_metadata};
use crate::store::{Admission, Cause, Kind, Refusal, State, resource};

/// The label by which a namespace can be selected by its name.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Completes and checks the built-in kinds, as far as their controllers and kubectl rely on it.
#[derive(Debug)]
pub struct Defaults;

impl Admission for Defaults {
    fn admit(&self, _: &State, kind: &Kind, before: Option<&Value>, object: &mut Value) -> Result<(), Refusal> {
        let causes = match kind.resource.as_str() {
            resource::NAMESPACES => {
                namespace(before, object);
                Vec::new()
            }
            resource::PODS => pod::complete(before, object),
            resource::DEPLOYMENTS => workload::deployment(before, object),
            resource::REPLICA_SETS => workload::replica_set(before, object),
            resource::DAEMON_SETS => workload::daemon_set(before, object),
            "secrets" => {
                secret(object);
                Vec::new()
            }
            _ => Vec::new(),
        };
        if causes.is_empty() {
            return Ok(());
        }
        Err(Refusal::Invalid { kind: kind.kind.clone(), name: object::name(object).to_owned(), causes })
    }
}

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

fn namespace(before: Option<&Value>, namespace: &mut Value) {
    let name = object::name(namespace).to_owned();
    let mut labels = namespace.pointer("/metadata/labels").cloned().unwrap_or_else(|| json!({}));
    labels[NAME_LABEL] = name.into();
    set_metadata(namespace, "labels", labels);
    if before.is_none() {
        namespace["spec"] = json!({ "finalizers": ["kubernetes"] });
        namespace["status"] = json!({ "phase": "Active" });
    }
}

/// Takes `stringData` over into `data`.
fn secret(secret: &mut Value) {
    fill(secret, "type", "Opaque".into());
    let Value::Object(map) = secret else { return };
    let Some(Value::Object(texts)) = map.remove("stringData") else { return };
    let data = map.entry("data").or_insert_with(|| json!({}));
    for (key, text) in texts {
        data[key] = base64(text.as_str().unwrap_or_default().as_bytes()).into();
    }
}

/// Writes bytes as base64 (RFC 4648, section 4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for piece in bytes.chunks(3) {
        let number = piece.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - piece.len()));
        for place in 0..4 {
            let digit = DIGITS[(number >> (18 - 6 * place) & 63) as usize];
            text.push(if place > piece.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    /// The examples of RFC 4648, section 10.
    #[test]
    fn base64_is_that_of_the_rfc() {
        let cases =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        for (text, encoded) in cases {
            assert_eq!(base64(text.as_bytes()), encoded);
        }
    }
}
