//! Reading an object strictly, through the types of its kind.

use serde::de::DeserializeOwned;
use serde_ignored::Path;
use serde_json::Value;

/// What came of reading an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Fields that its kind does not have.
    pub unknown: Vec<Unknown>,
    /// The first value of a wrong type, with its place; `None` when there is none.
    pub wrong: Option<String>,
}

/// A field that a kind does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The field for people: `spec.template.spec.containers[0].imag`.
    pub field: String,
    /// The JSON pointer of what holds it.
    pub parent: String,
    /// Its key there.
    pub key: String,
}

impl Decoded {
    /// Takes the unknown fields out of an object, as the API does that stores it nevertheless.
    pub fn prune(&self, object: &mut Value) {
        for unknown in &self.unknown {
            if let Some(Value::Object(map)) = object.pointer_mut(&unknown.parent) {
                map.remove(&unknown.key);
            }
        }
    }
}

/// Reads an object as `T` and tells what of it `T` does not know.
///
/// The generated types read what they do not know as `IgnoredAny`, which is what `serde_ignored` listens for.
#[must_use]
pub fn decode<T: DeserializeOwned>(object: &Value) -> Decoded {
    let mut unknown = Vec::new();
    let mut note = |path: Path<'_>| {
        if let Path::Map { parent, key } = &path {
            unknown.push(Unknown { field: spelled(&path), parent: pointer(parent), key: key.clone() });
        }
    };
    let reader = serde_ignored::Deserializer::new(object, &mut note);
    let read: Result<T, _> = serde_path_to_error::deserialize(reader);
    let wrong = read.err().map(|error| {
        let place = error.path().to_string();
        format!("{place}: {}", error.into_inner())
    });
    Decoded { unknown, wrong }
}

fn spelled(path: &Path<'_>) -> String {
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}[{index}]", spelled(parent)),
        Path::Map { parent, key } => {
            let parent = spelled(parent);
            if parent.is_empty() { key.clone() } else { format!("{parent}.{key}") }
        }
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => spelled(parent),
    }
}

fn pointer(path: &Path<'_>) -> String {
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}/{index}", pointer(parent)),
        Path::Map { parent, key } => format!("{}/{}", pointer(parent), key.replace('~', "~0").replace('/', "~1")),
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => pointer(parent),
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::apps::v1::Deployment;
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_fields_are_named_with_their_place() {
        let mut deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "lables": {}},
            "spec": {"selector": {"matchLabels": {"a": "b"}}, "replica": 1,
                "template": {"spec": {"containers": [{"name": "c", "imag": "x", "args": ["a"]}]}}}});
        let decoded = decode::<Deployment>(&deployment);
        let fields: Vec<&str> = decoded.unknown.iter().map(|unknown| unknown.field.as_str()).collect();
        assert_eq!(fields, ["metadata.lables", "spec.replica", "spec.template.spec.containers[0].imag"]);
        assert_eq!(decoded.wrong, None);
        decoded.prune(&mut deployment);
        assert_eq!(decode::<Deployment>(&deployment), Decoded::default());
        assert_eq!(deployment["spec"]["template"]["spec"]["containers"], json!([{"name": "c", "args": ["a"]}]));
    }

    #[test]
    fn a_wrong_type_is_told_with_its_place() {
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": "two"}});
        let wrong = decode::<Deployment>(&deployment).wrong.unwrap_or_default();
        assert_eq!(wrong, "spec.replicas: invalid type: string \"two\", expected i32");
    }
}
