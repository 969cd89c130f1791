//! Which images an install will run, from the manifest that istioctl generates for it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::api;
use crate::workload::pod_images;

/// The kinds whose pod templates, or whose injector values, name images. The rest (a megabyte of schemas) is not parsed.
const KINDS: [&str; 3] = ["Deployment", "DaemonSet", "ConfigMap"];

/// The ConfigMap that tells the injector which image a sidecar has
/// (istio/istio:manifests/charts/istio-control/istio-discovery/templates/istiod-injector-configmap.yaml).
const INJECTOR: &str = "istio-sidecar-injector";

/// Lists the images of a generated manifest, sorted, each once: those of its pod templates, and that of the sidecar, which
/// only the injector's values name. A document that cannot be read adds nothing.
pub(super) fn images_in(manifest: &str) -> Vec<String> {
    let mut images = BTreeSet::new();
    for text in manifest.split("\n---") {
        if !KINDS.iter().any(|kind| text.lines().any(|line| line.strip_prefix("kind: ") == Some(kind))) {
            continue;
        }
        for document in api::documents("the generated manifest", text).unwrap_or_default() {
            images.extend(pod_images(&document.object));
            images.extend(of_sidecar(&document.object));
        }
    }
    images.into_iter().collect()
}

/// Joins hub, image and tag as the injector does: a name with a slash is a whole image
/// (istio/istio:pkg/kube/inject/inject.go `ProxyImage`).
fn of_sidecar(object: &Value) -> Option<String> {
    if object.pointer("/metadata/name")?.as_str()? != INJECTOR {
        return None;
    }
    let values: Value = serde_json::from_str(object.pointer("/data/values")?.as_str()?).ok()?;
    let global = values.get("global")?;
    let text = |pointer: &str| global.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let image = text("/proxy/image");
    if image.contains('/') {
        return Some(image.to_owned());
    }
    let tag = match global.get("tag")? {
        Value::String(tag) => tag.clone(),
        other => other.to_string(),
    };
    let variant = text("/variant");
    let suffix = if variant.is_empty() { String::new() } else { format!("-{variant}") };
    Some(format!("{}/{image}:{tag}{suffix}", text("/hub")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(values: &str) -> String {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: istio-sidecar-injector\ndata:\n  config: |-\n    image: \"{{{{ \
             template }}}}\"\n  values: |-\n    {values}\n---\napiVersion: apiextensions.k8s.io/v1\nkind: \
             CustomResourceDefinition\nmetadata: {{name: not: yaml}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: \
             {{name: istiod}}\nspec:\n  template:\n    spec:\n      containers:\n      - {{name: discovery, image: \
             hub/pilot:1}}\n      initContainers:\n      - {{name: i, image: hub/init:1}}\n"
        )
    }

    #[test]
    fn pods_and_the_injector_name_the_images() {
        let cases = [
            (
                r#"{"global": {"hub": "hub", "tag": "1", "variant": "", "proxy": {"image": "proxyv2"}}}"#,
                "hub/proxyv2:1",
            ),
            (r#"{"global": {"hub": "h:5/x", "tag": 1.2, "proxy": {"image": "proxyv2"}}}"#, "h:5/x/proxyv2:1.2"),
            (
                r#"{"global": {"hub": "hub", "tag": "1", "variant": "distroless", "proxy": {"image": "proxyv2"}}}"#,
                "hub/proxyv2:1-distroless",
            ),
            (r#"{"global": {"hub": "hub", "tag": "1", "proxy": {"image": "mine/envoy:2"}}}"#, "mine/envoy:2"),
        ];
        for (values, sidecar) in cases {
            let mut expected = vec!["hub/init:1".to_owned(), "hub/pilot:1".to_owned(), sidecar.to_owned()];
            expected.sort();
            assert_eq!(images_in(&manifest(values)), expected, "{values}");
        }
    }

    #[test]
    fn what_cannot_be_read_adds_nothing() {
        assert_eq!(images_in(""), Vec::<String>::new());
        assert_eq!(images_in(&manifest("no json")), ["hub/init:1", "hub/pilot:1"]);
    }
}
