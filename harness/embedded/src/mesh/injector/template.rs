//! What a pod gets (istio/istio:manifests/charts/istio-control/istio-discovery/files/injection-template.yaml), as far as anything here
//! looks at it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::metadata::proxy_metadata;
use crate::mesh::MeshError;
use crate::mesh::images;
use crate::mesh::installation::Installation;
use crate::mesh::redirect;
use crate::store::object::{self, entry, items, set, text, texts};

/// The container of the sidecar.
pub(in crate::mesh) const PROXY: &str = "istio-proxy";

/// The first version whose sidecar is an init container that stays, on a kubelet as new as ours
/// (istio/istio:pkg/kube/inject/webhook.go `detectNativeSidecar`).
const NATIVE_SINCE: [u64; 3] = [1, 27, 0];

/// Puts the redirect and the sidecar into a pod, with the labels and annotations that go with them.
///
/// # Errors
/// [`MeshError::Annotation`].
pub(super) fn inject(installation: &Installation, pod: &mut Value) -> Result<(), MeshError> {
    let annotations = texts(pod, "/metadata/annotations");
    let metadata = proxy_metadata(installation, &annotations)?;
    let image = images::proxy(installation);
    let redirect = json!({
        "name": redirect::CONTAINER,
        "image": image,
        "args": redirect::arguments(&annotations)?,
        "env": environment(&metadata, &[]),
    });
    let native = installation.version.numbers() >= NATIVE_SINCE;
    let mut proxy = sidecar(&image, &metadata);
    let mut inits = vec![redirect];
    let mut containers = items(pod, "/spec/containers").to_vec();
    let first = containers.first().map(|container| text(container, "/name").to_owned());
    if native {
        proxy["restartPolicy"] = "Always".into();
        inits.push(proxy);
    } else {
        containers.push(proxy);
    }
    inits.extend(items(pod, "/spec/initContainers").iter().cloned());
    pod["spec"]["initContainers"] = inits.into();
    pod["spec"]["containers"] = containers.into();
    label(pod, first.as_deref().unwrap_or_default(), native);
    Ok(())
}

/// The sidecar. Its probes ask 15021, as Istio's; the kubelet begins to ask when Envoy's log says that it serves.
fn sidecar(image: &str, metadata: &BTreeMap<String, String>) -> Value {
    let fields = [
        ("POD_NAME", "metadata.name"),
        ("POD_NAMESPACE", "metadata.namespace"),
        ("INSTANCE_IP", "status.podIP"),
        ("SERVICE_ACCOUNT", "spec.serviceAccountName"),
        ("HOST_IP", "status.hostIP"),
    ];
    let get = json!({"path": "/healthz/ready", "port": 15021});
    json!({
        "name": PROXY,
        "image": image,
        "args": ["proxy", "sidecar", "--domain", "$(POD_NAMESPACE).svc.cluster.local", "--proxyLogLevel=warning",
            "--proxyComponentLogLevel=misc:error", "--log_output_level=default:info"],
        "env": environment(metadata, &fields),
        "ports": [{"containerPort": 15090, "name": "http-envoy-prom", "protocol": "TCP"}],
        "readinessProbe": {"httpGet": get, "periodSeconds": 15, "timeoutSeconds": 3, "failureThreshold": 4},
        "startupProbe": {"httpGet": get, "periodSeconds": 1, "timeoutSeconds": 3, "failureThreshold": 600},
    })
}

fn environment(metadata: &BTreeMap<String, String>, fields: &[(&str, &str)]) -> Value {
    let fields =
        fields.iter().map(|(name, path)| json!({"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}));
    let own = metadata.iter().map(|(name, value)| json!({"name": name, "value": value}));
    fields.chain(own).collect()
}

/// Names the workload as telemetry does, says that it takes mTLS, and what was put into it.
fn label(pod: &mut Value, first: &str, native: bool) {
    let labels = texts(pod, "/metadata/labels");
    let said = |keys: [&str; 3]| keys.iter().find_map(|key| labels.get(*key)).cloned();
    let workload = owner(pod).unwrap_or_else(|| object::name(pod).to_owned());
    let name = said(["service.istio.io/canonical-name", "app.kubernetes.io/name", "app"]).unwrap_or(workload);
    let revision = said(["service.istio.io/canonical-revision", "app.kubernetes.io/version", "version"]);
    let status = json!({
        "initContainers": if native { vec![redirect::CONTAINER, PROXY] } else { vec![redirect::CONTAINER] },
        "containers": if native { vec![] } else { vec![PROXY] },
        "volumes": [],
        "imagePullSecrets": null,
        "revision": "default",
    });
    let annotations = [
        ("istio.io/rev", "default".to_owned()),
        ("kubectl.kubernetes.io/default-container", first.to_owned()),
        ("kubectl.kubernetes.io/default-logs-container", first.to_owned()),
        ("prometheus.io/path", "/stats/prometheus".to_owned()),
        ("prometheus.io/port", "15090".to_owned()),
        ("prometheus.io/scrape", "true".to_owned()),
    ];
    let labels = [
        ("security.istio.io/tlsMode", "istio".to_owned()),
        ("service.istio.io/canonical-name", name),
        ("service.istio.io/canonical-revision", revision.unwrap_or_else(|| "latest".to_owned())),
    ];
    let metadata = entry(pod, "metadata");
    let map = entry(metadata, "annotations");
    annotations.into_iter().for_each(|(key, value)| fill(map, key, value));
    set(map, "sidecar.istio.io/status", status.to_string().into());
    let map = entry(metadata, "labels");
    labels.into_iter().for_each(|(key, value)| fill(map, key, value));
}

/// What the pod says itself stays.
fn fill(map: &mut Value, key: &str, value: String) {
    if map.get(key).is_none() {
        set(map, key, value.into());
    }
}

/// Names the Deployment of a ReplicaSet's pod, or else its owner.
fn owner(pod: &Value) -> Option<String> {
    let owner = object::controller(pod)?;
    let name = text(owner, "/name");
    let hash = format!("-{}", text(pod, "/metadata/labels/pod-template-hash"));
    Some(name.strip_suffix(&hash).unwrap_or(name).to_owned())
}

#[cfg(test)]
mod tests {
    use dualproof_shapes::settings::DualStack;
    use dualproof_shapes::world::MtlsMode;

    use super::*;

    fn injected(version: &str) -> Result<Value, Box<dyn std::error::Error>> {
        let installation =
            Installation { version: version.parse()?, dual_stack: DualStack::ON, mtls: MtlsMode::Permissive };
        let mut pod = json!({
            "metadata": {
                "generateName": "echo-5d-",
                "labels": {"pod-template-hash": "5d", "security.istio.io/tlsMode": "disabled"},
                "ownerReferences": [{"kind": "ReplicaSet", "name": "echo-5d", "controller": true}],
            },
            "spec": {"containers": [{"name": "app"}], "initContainers": [{"name": "own"}]},
        });
        inject(&installation, &mut pod)?;
        Ok(pod)
    }

    fn names(pod: &Value, list: &str) -> Vec<String> {
        items(pod, list).iter().map(|container| text(container, "/name").to_owned()).collect()
    }

    #[test]
    fn the_sidecar_stands_where_its_version_puts_it() -> Result<(), Box<dyn std::error::Error>> {
        let new = injected("1.31.0")?;
        assert_eq!(names(&new, "/spec/initContainers"), ["istio-init", "istio-proxy", "own"]);
        assert_eq!(names(&new, "/spec/containers"), ["app"]);
        let old = injected("1.24.2")?;
        assert_eq!(names(&old, "/spec/initContainers"), ["istio-init", "own"]);
        assert_eq!(names(&old, "/spec/containers"), ["app", "istio-proxy"]);
        Ok(())
    }

    #[test]
    fn the_pod_says_who_it_is_and_keeps_what_it_said() -> Result<(), Box<dyn std::error::Error>> {
        let pod = injected("1.31.0")?;
        let labels = texts(&pod, "/metadata/labels");
        let of = |key: &str| labels.get(key).map(String::as_str);
        assert_eq!(of("service.istio.io/canonical-name"), Some("echo"));
        assert_eq!(of("service.istio.io/canonical-revision"), Some("latest"));
        assert_eq!(of("security.istio.io/tlsMode"), Some("disabled"));
        let annotations = texts(&pod, "/metadata/annotations");
        assert_eq!(annotations.get("kubectl.kubernetes.io/default-container").map(String::as_str), Some("app"));
        Ok(())
    }
}
