//! The proxy's environment: the mesh's, and what one pod says of its own.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::mesh::MeshError;
use crate::mesh::installation::Installation;
use crate::mesh::redirect::SWITCH;

/// A pod's own proxy configuration (`ProxyConfig` of istio/api:mesh/v1alpha1/proxy.proto, in YAML).
const CONFIG: &str = "proxy.istio.io/config";

/// Returns `proxyMetadata`: the mesh's switch, and over it what the pod's annotation says. Of the annotation nothing else is looked at.
///
/// # Errors
/// [`MeshError::Annotation`] for what is no YAML, no mapping, or whose `proxyMetadata` is no mapping of strings.
pub(super) fn proxy_metadata(
    installation: &Installation,
    annotations: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, MeshError> {
    let mut metadata = BTreeMap::from([(SWITCH.to_owned(), installation.dual_stack.proxy.to_string())]);
    let Some(value) = annotations.get(CONFIG) else { return Ok(metadata) };
    let wrong = |why: String| MeshError::Annotation { annotation: CONFIG, value: value.clone(), why };
    let config: Value = serde_saphyr::from_str(value).map_err(|error| wrong(format!("it is no YAML: {error}")))?;
    let config = match config {
        Value::Null => return Ok(metadata),
        Value::Object(config) => config,
        _ => return Err(wrong("it is no mapping".to_owned())),
    };
    match config.get("proxyMetadata") {
        None | Some(Value::Null) => {}
        Some(Value::Object(own)) => {
            for (key, value) in own {
                let text = value
                    .as_str()
                    .ok_or_else(|| wrong(format!("proxyMetadata.{key} is no string: put it into quotes")))?;
                metadata.insert(key.clone(), text.to_owned());
            }
        }
        Some(_) => return Err(wrong("proxyMetadata is no mapping".to_owned())),
    }
    Ok(metadata)
}

#[cfg(test)]
mod tests {
    use dualproof_shapes::settings::DualStack;
    use dualproof_shapes::world::MtlsMode;

    use super::*;

    #[test]
    fn a_pods_annotation_lies_over_the_mesh() -> Result<(), Box<dyn std::error::Error>> {
        let installation =
            Installation { version: "1.31.0".parse()?, dual_stack: DualStack::ON, mtls: MtlsMode::Permissive };
        let of = |text: &str| {
            let annotations = BTreeMap::from([(CONFIG.to_owned(), text.to_owned())]);
            proxy_metadata(&installation, &annotations)
        };
        assert_eq!(proxy_metadata(&installation, &BTreeMap::new())?.get(SWITCH).map(String::as_str), Some("true"));
        let own =
            of("holdApplicationUntilProxyStarts: true\nproxyMetadata:\n  ISTIO_DUAL_STACK: \"false\"\n  OTHER: x\n")?;
        assert_eq!(own.get(SWITCH).map(String::as_str), Some("false"));
        assert_eq!(own.get("OTHER").map(String::as_str), Some("x"));
        assert_eq!(of("")?.len(), 1);
        for (text, why) in [
            ("proxyMetadata: {ISTIO_DUAL_STACK: false}", "put it into quotes"),
            ("proxyMetadata: [a]", "no mapping"),
            ("- a", "no mapping"),
            ("{", "no YAML"),
        ] {
            let said = of(text).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(said.contains(why), "{text}: {said}");
        }
        Ok(())
    }
}
