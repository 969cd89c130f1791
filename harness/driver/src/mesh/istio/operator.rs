//! The install input: an IstioOperator with both dual-stack switches.

use dualproof_model::evidence::access_log_format;
use dualproof_model::spec::MeshVersion;
use serde_json::{Value, json};

/// The first version whose charts know `pilot.ipFamilyPolicy` (istio/istio#47114).
const IP_FAMILY_POLICY_SINCE: [u64; 3] = [1, 20, 0];
/// The first version whose agent reads `ISTIO_DUAL_STACK`; before, it was `ISTIO_AGENT_DUAL_STACK` (istio/istio#43892).
const AGENT_FLAG_RENAMED: [u64; 3] = [1, 19, 0];

/// Renders the IstioOperator of a version as YAML, for `istioctl install -f`.
///
/// The switch has two halves, and half of it makes a mesh that is broken in one family: istiod's environment shapes what
/// it sends, the proxies' environment (`proxyMetadata`) shapes the redirect and the bootstrap
/// (istio/istio:pilot/pkg/features/experimental.go `EnableDualStack`, pkg/bootstrap/config.go). Values are strings:
/// `proxyMetadata` refuses booleans. Proxies log every connection in a format that can be chained from client to server; it goes
/// with the mesh. The file names no hub and no tag: istioctl's own are right.
#[must_use]
pub fn render_operator(version: &MeshVersion) -> String {
    let numbers = version.numbers();
    let mut proxy = json!({ "ISTIO_DUAL_STACK": "true" });
    if numbers < AGENT_FLAG_RENAMED {
        proxy["ISTIO_AGENT_DUAL_STACK"] = json!("true");
    }
    let mut pilot = json!({ "env": { "ISTIO_DUAL_STACK": "true" } });
    if numbers >= IP_FAMILY_POLICY_SINCE {
        pilot["ipFamilyPolicy"] = json!("RequireDualStack");
    }
    let operator = json!({
        "apiVersion": "install.istio.io/v1alpha1",
        "kind": "IstioOperator",
        "spec": {
            "profile": "minimal",
            "meshConfig": {
                "accessLogFile": "/dev/stdout",
                "accessLogEncoding": "JSON",
                "accessLogFormat": json!(access_log_format()).to_string(),
                "defaultConfig": { "proxyMetadata": proxy },
            },
            "values": { "pilot": pilot },
        },
    });
    let mut text = format!("# Rendered by dualproof for Istio {version}.\n");
    write_yaml(&mut text, &operator, 0);
    text
}

/// Writes objects and strings, which is all that the file holds. Every string is quoted, so none can be read as a boolean.
fn write_yaml(text: &mut String, value: &Value, depth: usize) {
    if let Value::Object(entries) = value {
        for (key, inner) in entries {
            text.push_str(&"  ".repeat(depth));
            text.push_str(key);
            match inner {
                Value::Object(_) => {
                    text.push_str(":\n");
                    write_yaml(text, inner, depth + 1);
                }
                leaf => text.push_str(&format!(": {leaf}\n")),
            }
        }
    }
}
