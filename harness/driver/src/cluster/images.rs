//! Images: which of them the nodes lack.

use k8s_openapi::api::core::v1::Node;

/// Spells an image as a container runtime does: registry and tag added where they are left out.
///
/// `curlimages/curl:8.16.0` is `docker.io/curlimages/curl:8.16.0`, `nginx` is `docker.io/library/nginx:latest`
/// (distribution/reference: the first part is a registry when it has a `.` or a `:`, or is `localhost`).
#[must_use]
pub fn full_name(image: &str) -> String {
    let (registry, path) = match image.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
        _ => ("docker.io", image),
    };
    let registry = if registry == "index.docker.io" { "docker.io" } else { registry };
    let library = if registry == "docker.io" && !path.contains('/') { "library/" } else { "" };
    let last = path.rsplit('/').next().unwrap_or(path);
    let tag = if last.contains([':', '@']) { "" } else { ":latest" };
    format!("{registry}/{library}{path}{tag}")
}

/// Lists those images that at least one node does not have, in their order, each once.
///
/// A node reports at most 50 images (the kubelet's `nodeStatusMaxImages`), the biggest; one that is left out is taken for missing.
#[must_use]
pub fn missing_images(images: &[String], nodes: &[Node]) -> Vec<String> {
    let mut missing: Vec<String> = Vec::new();
    for image in images {
        let wanted = full_name(image);
        if !missing.contains(image) && !nodes.iter().all(|node| has(node, &wanted)) {
            missing.push(image.clone());
        }
    }
    missing
}

fn has(node: &Node, wanted: &str) -> bool {
    let images = node.status.iter().flat_map(|status| status.images.iter().flatten());
    images.flat_map(|image| image.names.iter().flatten()).any(|name| full_name(name) == wanted)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_spelled_as_the_runtime_does() {
        for (short, full) in [
            ("nginx", "docker.io/library/nginx:latest"),
            ("nginx:1.27", "docker.io/library/nginx:1.27"),
            ("curlimages/curl:8.16.0", "docker.io/curlimages/curl:8.16.0"),
            ("index.docker.io/library/nginx", "docker.io/library/nginx:latest"),
            ("docker.io/istio/pilot:1.31.0", "docker.io/istio/pilot:1.31.0"),
            ("registry.istio.io/release/tcp-echo-server:1.3", "registry.istio.io/release/tcp-echo-server:1.3"),
            ("localhost:5000/app", "localhost:5000/app:latest"),
            ("localhost/app:x", "localhost/app:x"),
            ("a/b@sha256:0123", "docker.io/a/b@sha256:0123"),
        ] {
            assert_eq!(full_name(short), full);
        }
    }

    #[test]
    fn an_image_is_missing_when_one_node_lacks_it() -> Result<(), serde_json::Error> {
        let node = |names: &[&str]| {
            serde_json::from_value::<Node>(json!({"metadata": {"name": "n"}, "status": {"images": [{"names": names}]}}))
        };
        let nodes = [node(&["docker.io/a/b:1", "docker.io/library/c:2"])?, node(&["docker.io/a/b:1"])?];
        let images = ["a/b:1", "c:2", "c:2", "d:3"].map(str::to_owned);
        assert_eq!(missing_images(&images, &nodes), ["c:2", "d:3"]);
        assert_eq!(missing_images(&images, &nodes[..1]), ["d:3"]);
        Ok(())
    }
}
