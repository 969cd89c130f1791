//! The subresource `scale`: how many pods an object wants and has, whatever its kind
//! (kubernetes/kubernetes:pkg/registry/apps/deployment/storage/storage.go `ScaleREST`).

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use k8s_openapi::api::autoscaling::v1::Scale;
use serde_json::{Value, json};

use super::present::Form;
use super::strict::Strictness;
use crate::api::answer;
use crate::api::patch::{self, Manager, Patch, SCALE};
use crate::api::request::{Query, header_text, media_type, read_body};
use crate::api::route::Target;
use crate::api::state::ApiServer;
use crate::controller::negative_replicas;
use crate::store::object::{entry, items, name, number, set, set_metadata, text, texts};
use crate::store::{Kind, Part, Refusal, WriteOptions, decode, resource};

/// Group and version of scales, which are of no kind's own: clients take them for the kind's where none are said.
pub(in crate::api) const SCALE_GROUP: (&str, &str) = ("autoscaling", "v1");

/// What a scale tells of its object's metadata.
const SHOWN: [&str; 5] = ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"];

/// What of a scale's metadata is held against its object.
const AGREED: [&str; 4] = ["name", "namespace", "uid", "resourceVersion"];

/// Tells whether the objects of a kind have a scale.
pub(in crate::api) fn is_scaled(kind: &Kind) -> bool {
    matches!(kind.resource.as_str(), resource::DEPLOYMENTS | resource::REPLICA_SETS)
}

/// Answers a request about an object's scale.
pub(super) fn handle(
    server: &ApiServer,
    target: &Target,
    query: &Query,
    (parts, body): (&Parts, &Bytes),
    form: Form,
) -> Result<Response, Refusal> {
    let (group, version) = SCALE_GROUP;
    let kind = Kind { decode: Some(decode::<Scale>), ..Kind::new(group, version, "Scale", "scales", true) };
    let strictness = Strictness::of(query)?;
    let manager = Manager::of(query, header_text(&parts.headers, header::USER_AGENT), Some(SCALE));
    let mut warnings = Vec::new();
    let object = match parts.method {
        Method::GET => server.store.get(&target.key())?,
        Method::PUT => {
            let mut scale = read_body(&parts.headers, body)?;
            warnings = strictness.check(&kind, &mut scale)?;
            change(server, target, query, &manager, |_| Ok(scale))?
        }
        Method::PATCH => {
            let patch = Patch::of(media_type(&parts.headers), read_body(&parts.headers, body)?)?;
            if matches!(patch, Patch::Apply(_)) {
                let accepted = "application/json-patch+json, application/merge-patch+json, \
                                application/strategic-merge-patch+json";
                return Err(Refusal::UnsupportedMediaType { accepted: accepted.to_owned() });
            }
            change(server, target, query, &manager, |before| {
                let mut scale = patch.onto(&kind, before)?;
                warnings = strictness.check_patched(&kind, &mut scale)?;
                Ok(scale)
            })?
        }
        _ => return Err(Refusal::MethodNotAllowed),
    };
    Ok(answer::warn(form.answer(StatusCode::OK, &kind, &Arc::new(read(&object))), &warnings))
}

/// Writes what becomes of an object's scale into the object; returns the object.
fn change(
    server: &ApiServer,
    target: &Target,
    query: &Query,
    manager: &Manager,
    change: impl FnOnce(&Value) -> Result<Value, Refusal>,
) -> Result<Arc<Value>, Refusal> {
    let options = WriteOptions { dry_run: query.dry_run() };
    server.store.modify(&target.key(), Part::Main, &options, |before| {
        let mut object = written(before, &change(&read(before))?)?;
        patch::own_changed(&target.kind, manager, before, &mut object);
        Ok(object)
    })
}

/// Makes the scale of an object.
fn read(object: &Value) -> Value {
    let (mut metadata, mut spec) = (json!({}), json!({}));
    for field in SHOWN {
        set(&mut metadata, field, object["metadata"][field].clone());
    }
    // Go leaves out a 0 here (`omitempty`), and a JSON patch that replaces it finds nothing, there as here.
    let wanted = number(object, "/spec/replicas").filter(|wanted| *wanted != 0);
    set(&mut spec, "replicas", wanted.into());
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec,
        "status": {
            "replicas": number(object, "/status/replicas").unwrap_or_default(),
            "selector": spelled(&object["spec"]["selector"]),
        },
    })
}

/// Takes the number of a scale, and what it says of who it is the scale of, over into a copy of its object. A scale without a number
/// wants none, because 0 is not written.
fn written(object: &Value, scale: &Value) -> Result<Value, Refusal> {
    if let Some(cause) = negative_replicas(scale) {
        let name = name(object).to_owned();
        return Err(Refusal::Invalid { kind: "Scale".to_owned(), name, causes: vec![cause] });
    }
    let wanted = number(scale, "/spec/replicas").unwrap_or_default();
    let mut object = object.clone();
    set(entry(&mut object, "spec"), "replicas", wanted.into());
    for field in AGREED {
        set_metadata(&mut object, field, scale["metadata"][field].clone());
    }
    Ok(object)
}

/// Spells a selector as queries have it, sorted by its keys
/// (kubernetes/kubernetes:staging/src/k8s.io/apimachinery/pkg/labels/selector.go `Requirement.String`).
fn spelled(selector: &Value) -> String {
    let labels =
        texts(selector, "/matchLabels").into_iter().map(|(key, value)| (key.clone(), format!("{key}={value}")));
    let expressions = items(selector, "/matchExpressions").iter().map(|expression| {
        let key = text(expression, "/key");
        let mut values: Vec<&str> = items(expression, "/values").iter().filter_map(Value::as_str).collect();
        values.sort_unstable();
        let values = values.join(",");
        let words = match text(expression, "/operator") {
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            "NotIn" => format!("{key} notin ({values})"),
            _ => format!("{key} in ({values})"),
        };
        (key.to_owned(), words)
    });
    let mut requirements: Vec<(String, String)> = labels.chain(expressions).collect();
    requirements.sort_by(|(one, _), (other, _)| one.cmp(other));
    requirements.into_iter().map(|(_, words)| words).collect::<Vec<_>>().join(",")
}
