//! Which kind gets which defaults.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::field::fill;
use super::{pod, workload};
use crate::store::object::{self, set_metadata};
use crate::store::{Admission, Kind, Refusal, State, resource};

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
        data[key] = BASE64_STANDARD.encode(text.as_str().unwrap_or_default()).into();
    }
}
