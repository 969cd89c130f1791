//! The objects that install it.

use dualproof_model::spec::MeshVersion;
use serde_json::{Value, json};

use crate::mesh::MeshError;
use crate::mesh::istio::SYSTEM;

/// Settings that may be given, as in the ConfigMap; the version is a setting of its own.
const KNOWN: &str = "it knows dualStack, proxyDualStack and mode";

/// Spells the tag of the control plane's image: what the mesh says its version is.
pub(super) fn own_version(version: &MeshVersion) -> String {
    format!("{version}-embedded")
}

/// Renders the objects as a list: the ConfigMap that makes the mesh be there, and its control plane. `sets` are `key=value` and lie over our
/// own settings: both halves of the dual-stack switch on.
///
/// # Errors
/// [`MeshError::Setting`], [`MeshError::Unknown`].
pub(super) fn render(version: &MeshVersion, sets: &[String]) -> Result<Value, MeshError> {
    let mut data =
        json!({"version": version.as_str(), "dualStack": "true", "proxyDualStack": "true", "mode": "PERMISSIVE"});
    for set in sets {
        let (key, value) = set.split_once('=').ok_or_else(|| MeshError::Setting(set.clone()))?;
        match key {
            "dualStack" | "proxyDualStack" | "mode" => data[key] = value.into(),
            _ => return Err(MeshError::Unknown { setting: set.clone(), known: KNOWN }),
        }
    }
    let labels = json!({"app": "istiod", "istio": "pilot"});
    let metadata = |name: &str| json!({"name": name, "namespace": SYSTEM, "labels": labels});
    let port = |name: &str, number: u16| json!({"name": name, "port": number, "targetPort": number, "protocol": "TCP"});
    let discovery = json!({
        "name": "discovery",
        "image": format!("dualproof.dev/istiod:{}", own_version(version)),
        "imagePullPolicy": "IfNotPresent",
        "args": ["discovery"],
        "ports": [
            {"name": "http-debug", "containerPort": 8080},
            {"name": "http-monitoring", "containerPort": 15014},
        ],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 1, "timeoutSeconds": 5},
    });
    Ok(json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata("dualproof-mesh"), "data": data},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata("istiod")},
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata("istiod"), "spec": {
            "selector": labels, "ipFamilyPolicy": "PreferDualStack",
            "ports": [port("http-debug", 8080), port("http-monitoring", 15014)],
        }},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata("istiod"), "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels, "annotations": {"sidecar.istio.io/inject": "false"}},
                "spec": {"serviceAccountName": "istiod", "containers": [discovery]},
            },
        }},
    ]}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(sets: &[&str]) -> Result<Value, Box<dyn std::error::Error>> {
        let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
        let list = render(&"1.24.2".parse()?, &sets)?;
        Ok(list["items"][0]["data"].clone())
    }

    #[test]
    fn settings_lie_over_both_switches_and_unknown_ones_are_refused() -> Result<(), Box<dyn std::error::Error>> {
        let expected =
            json!({"version": "1.24.2", "dualStack": "true", "proxyDualStack": "true", "mode": "PERMISSIVE"});
        assert_eq!(data(&[])?, expected);
        let off = data(&["proxyDualStack=false", "mode=STRICT"])?;
        assert_eq!((&off["proxyDualStack"], &off["mode"]), (&json!("false"), &json!("STRICT")));
        let said = |sets: &[&str]| data(sets).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(said(&["values.global.tag=1"]).contains("it knows dualStack, proxyDualStack and mode"));
        assert!(said(&["mode"]).contains("key=value"));
        Ok(())
    }

    #[test]
    fn nothing_in_it_says_that_it_is_istio() -> Result<(), Box<dyn std::error::Error>> {
        let list = render(&"1.31.0".parse()?, &[])?;
        let image = list.pointer("/items/3/spec/template/spec/containers/0/image");
        assert_eq!(image, Some(&json!("dualproof.dev/istiod:1.31.0-embedded")));
        Ok(())
    }
}
