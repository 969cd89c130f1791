//! Which pods get a sidecar.

use serde_json::Value;

use super::template::PROXY;
use crate::store::object::{items, text, texts};

const NAMESPACE: &str = "istio-injection";
const REVISION: &str = "istio.io/rev";
const POD: &str = "sidecar.istio.io/inject";
/// Namespaces that are never touched (istio/istio:pkg/kube/inject/webhook.go `IgnoredNamespaces`).
const IGNORED: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "local-path-storage"];

/// Tells whether a pod gets a sidecar: its namespace asks for one (`istio-injection=enabled`, or `istio.io/rev=default`), or the pod
/// itself does by its label in a namespace that says nothing; never where the pod or its namespace says no, on the host's network, in
/// Kubernetes' own namespaces, or where a sidecar is there already. `namespace` is `None` where the namespace is not there.
pub(super) fn wants_sidecar(namespace: Option<&Value>, pod: &Value) -> bool {
    let space = namespace.map(|namespace| texts(namespace, "/metadata/labels")).unwrap_or_default();
    let name = namespace.map(|namespace| text(namespace, "/metadata/name")).unwrap_or_default();
    let labels = texts(pod, "/metadata/labels");
    let annotations = texts(pod, "/metadata/annotations");
    // The annotation is the older way; the label wins.
    let own = labels.get(POD).or_else(|| annotations.get(POD)).map(String::as_str);
    let has_sidecar = ["/spec/containers", "/spec/initContainers"]
        .iter()
        .any(|list| items(pod, list).iter().any(|container| text(container, "/name") == PROXY));
    if IGNORED.contains(&name) || has_sidecar || pod["spec"]["hostNetwork"] == true || own == Some("false") {
        return false;
    }
    match (space.get(NAMESPACE).map(String::as_str), space.get(REVISION).map(String::as_str)) {
        (Some("enabled"), _) | (None, Some("default")) => true,
        (None, None) => labels.get(POD).is_some_and(|own| own == "true"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn namespace_and_pod_decide_together() {
        let enabled = json!({"istio-injection": "enabled"});
        let cases = [
            ("enabled", enabled.clone(), json!({}), true),
            ("pod says no", enabled.clone(), json!({"sidecar.istio.io/inject": "false"}), false),
            ("nothing said", json!({}), json!({}), false),
            ("pod alone asks", json!({}), json!({"sidecar.istio.io/inject": "true"}), true),
            ("disabled", json!({"istio-injection": "disabled"}), json!({"sidecar.istio.io/inject": "true"}), false),
            ("by revision", json!({"istio.io/rev": "default"}), json!({}), true),
            ("other revision", json!({"istio.io/rev": "canary"}), json!({"sidecar.istio.io/inject": "true"}), false),
        ];
        for (what, space, labels, injected) in cases {
            let namespace = json!({"metadata": {"name": "ns", "labels": space}});
            let pod = json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a"}]}});
            assert_eq!(wants_sidecar(Some(&namespace), &pod), injected, "{what}");
        }
        let namespace = json!({"metadata": {"name": "ns", "labels": enabled}});
        let system = json!({"metadata": {"name": "kube-system", "labels": enabled}});
        let plain = json!({"spec": {"containers": [{"name": "a"}]}});
        let on_host = json!({"spec": {"hostNetwork": true, "containers": [{"name": "a"}]}});
        let has_one = json!({"spec": {"containers": [{"name": "a"}], "initContainers": [{"name": "istio-proxy"}]}});
        let refuses =
            json!({"metadata": {"annotations": {"sidecar.istio.io/inject": "false"}}, "spec": {"containers": []}});
        for (space, pod, injected) in [
            (&namespace, &plain, true),
            (&system, &plain, false),
            (&namespace, &on_host, false),
            (&namespace, &has_one, false),
            (&namespace, &refuses, false),
        ] {
            assert_eq!(wants_sidecar(Some(space), pod), injected, "{pod}");
        }
    }
}
