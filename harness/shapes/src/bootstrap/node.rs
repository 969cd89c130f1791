//! Who the proxy says it is.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::proxy::Proxy;

/// Makes the node. Its metadata is what istiod and people read of a sidecar; paths and sockets of Istio's agent are not in it.
pub(super) fn node(proxy: &Proxy<'_>) -> Value {
    let pod = proxy.pod;
    let names = &proxy.settings.names;
    let (namespace, name) = (&pod.id.namespace, &pod.id.name);
    let addresses: Vec<String> = pod.ips.iter().map(ToString::to_string).collect();
    let labels: BTreeMap<&String, &String> = pod.labels.iter().filter(|(key, _)| *key != "pod-template-hash").collect();
    let switch = if proxy.settings.dual_stack.proxy { "true" } else { "false" };
    json!({
        "id": format!("sidecar~{}~{name}.{namespace}~{namespace}.svc.{}", proxy.first_ip, names.domain),
        "cluster": format!("{}.{namespace}", pod.canonical_name()),
        "metadata": {
            "APP_CONTAINERS": pod.containers.join(","),
            "CLUSTER_ID": names.cluster,
            "ENVOY_PROMETHEUS_PORT": 15090,
            "ENVOY_STATUS_PORT": 15021,
            "INSTANCE_IPS": addresses.join(","),
            "INTERCEPTION_MODE": "REDIRECT",
            "ISTIO_VERSION": proxy.settings.version.as_str(),
            "LABELS": labels,
            "MESH_ID": names.mesh,
            "NAME": name,
            "NAMESPACE": namespace,
            "NODE_NAME": pod.node,
            "OWNER": format!("kubernetes://apis/apps/v1/namespaces/{namespace}/deployments/{}", pod.workload),
            "PROXY_CONFIG": { "proxyMetadata": { "ISTIO_DUAL_STACK": switch } },
            "SERVICE_ACCOUNT": pod.service_account,
            "WORKLOAD_NAME": pod.workload,
        },
        "locality": {},
    })
}
