//! Which images a manifest will run.

use serde_json::Value;

use crate::api;

/// Lists the images of a manifest's pod templates, in their order. A document that cannot be read adds nothing: applying it
/// will say so, with its place.
#[must_use]
pub fn images(manifest: &str) -> Vec<String> {
    let documents = api::documents("the manifest", manifest).unwrap_or_default();
    documents.iter().flat_map(|document| pod_images(&document.object)).collect()
}

/// Lists the images of one object's pod template; none where it has no template.
pub(crate) fn pod_images(object: &Value) -> Vec<String> {
    ["initContainers", "containers"]
        .iter()
        .filter_map(|list| object.pointer(&format!("/spec/template/spec/{list}"))?.as_array())
        .flatten()
        .filter_map(|container| container.get("image")?.as_str().map(str::to_owned))
        .collect()
}
