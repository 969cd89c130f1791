//! The objects of the baseline.

use std::collections::BTreeMap;

use dualproof_model::family::FamilyOrder;
use dualproof_model::truth::Baseline;
use serde_json::{Value, json};

use crate::api::Document;

/// Answers `hello <line>` to every line, on port [`PORT`] of all addresses; Istio's own sample server.
const ECHO_IMAGE: &str = "registry.istio.io/release/tcp-echo-server:1.3";

/// Has `sh`, `nc` and `curl`; Istio's own sample client.
const CLIENT_IMAGE: &str = "docker.io/curlimages/curl:8.16.0";

/// The images that the nodes need.
pub const IMAGES: [&str; 2] = [ECHO_IMAGE, CLIENT_IMAGE];

/// The port of the echo pods and of both Services.
pub(super) const PORT: u16 = 9000;

/// The label `app` of the clients, and the name of their container.
pub(super) const CLIENT: &str = "client";

/// The label `app` of the servers, and the name of their container.
pub(super) const ECHO: &str = "echo";

/// Returns the labels that keep every mesh away from the namespace.
pub(super) fn namespace_labels() -> BTreeMap<String, String> {
    BTreeMap::from(
        [("istio-injection", "disabled"), ("istio.io/dataplane-mode", "none")]
            .map(|(key, value)| (key.to_owned(), value.to_owned())),
    )
}

/// Returns the objects: a server and a client on every node, and a Service for each policy of two families. Where the cluster has one family, no
/// Service can require two.
pub(super) fn documents(order: FamilyOrder) -> Vec<Document> {
    let all = if order.is_dual() { "RequireDualStack" } else { "SingleStack" };
    let objects = [
        daemon_set(ECHO, ECHO_IMAGE, &json!({"args": [PORT.to_string(), "hello"]})),
        daemon_set(CLIENT, CLIENT_IMAGE, &json!({"command": ["/bin/sleep", "infinity"]})),
        service(Baseline::PREFER, "PreferDualStack"),
        service(Baseline::REQUIRE, all),
    ];
    let place = |(index, object)| Document { file: "the baseline".to_owned(), position: index + 1, object };
    objects.into_iter().enumerate().map(place).collect()
}

fn daemon_set(app: &str, image: &str, command: &Value) -> Value {
    let mut container = json!({"name": app, "image": image, "imagePullPolicy": "IfNotPresent"});
    for (key, value) in command.as_object().into_iter().flatten() {
        container[key] = value.clone();
    }
    json!({
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": app},
        "spec": {
            "selector": {"matchLabels": {"app": app}},
            "template": {
                "metadata": {"labels": {"app": app, "sidecar.istio.io/inject": "false"}},
                "spec": {
                    // Every node counts, whatever its taints.
                    "tolerations": [{"operator": "Exists"}],
                    // `sleep` does not listen to SIGTERM; the namespace would take 30 s to go.
                    "terminationGracePeriodSeconds": 1,
                    "automountServiceAccountToken": false,
                    "enableServiceLinks": false,
                    "containers": [container],
                },
            },
        },
    })
}

fn service(name: &str, policy: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {
            // No ipFamilies: the cluster chooses, and so shows its order.
            "ipFamilyPolicy": policy,
            "selector": {"app": ECHO},
            "ports": [{"name": "tcp", "port": PORT, "targetPort": PORT, "protocol": "TCP"}],
        },
    })
}
