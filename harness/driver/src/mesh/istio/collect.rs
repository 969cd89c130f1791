//! Reads every proxy's admin API, its redirect log, and istiod's sync state, into the bundle.

use std::time::Duration;

use dualproof_dump::bundle::{Writer, layout};
use dualproof_dump::envoy;
use dualproof_model::evidence::PodRef;
use dualproof_model::plan::Timeouts;
use futures_util::StreamExt;
use futures_util::stream;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::control_plane::{SYSTEM, pods, read_syncz};
use crate::api;
use crate::cluster::Cluster;
use crate::context::RunContext;
use crate::diagnostics::pod_ref;
use crate::mesh::Counters;
use crate::trouble::chain;

/// Envoy's admin port, on the pod's loopback (istio/istio:pkg/config/constants `ProxyAdminPort` default).
const ADMIN: u16 = 15000;

/// Proxies read at the same time: a dump keeps Envoy's main thread busy, and the API server carries them all.
const AT_ONCE: usize = 4;

/// The page of the hosts with their counters.
const HOSTS: &str = "/clusters?format=json";

/// Pages of the admin API and their files, cheapest last needed first. The counters tell of refused updates; the whole page
/// would be hundreds of lines that no check reads.
const PAGES: [(&str, &str); 5] = [
    ("/server_info", layout::SERVER_INFO),
    ("/listeners?format=json", layout::LISTENERS),
    (HOSTS, layout::CLUSTERS),
    ("/config_dump?include_eds", layout::CONFIG_DUMP),
    (
        "/stats?filter=(update_rejected%7Cupdate_success%7Cupdate_failure)$%7C%5Elistener_manager%5C.%7C%5Ecluster_manager%5C.",
        layout::STATS,
    ),
];

/// What of a node's metadata goes into the bundle. The rest is the pod's annotations and the proxy's environment, where
/// anybody may have put anything.
const METADATA: [&str; 8] = [
    "ISTIO_VERSION",
    "INSTANCE_IPS",
    "NAME",
    "NAMESPACE",
    "NODE_NAME",
    "CLUSTER_ID",
    "INTERCEPTION_MODE",
    "DNS_CAPTURE",
];

/// The last lines of istiod's log that are kept.
const LOG_LINES: i64 = 5000;

/// Reads the proxies of `meshed`, four at a time, and istiod. What cannot be read is noted as missing.
pub(in crate::mesh) async fn collect(context: &RunContext, cluster: &Cluster, meshed: &[PodRef], writer: &Writer) {
    let reads: Vec<_> = meshed.iter().map(|pod| collect_proxy(context, cluster, pod, writer)).collect();
    let proxies = stream::iter(reads).buffer_unordered(AT_ONCE).for_each(|()| std::future::ready(()));
    let sync = async {
        match read_syncz(context, cluster).await {
            Ok(bytes) => add(writer, layout::SYNCZ, &bytes),
            Err(error) => writer.missing(layout::SYNCZ, chain(&error)),
        }
    };
    futures_util::join!(proxies, sync);
}

/// Reads the counters of the proxies' hosts, four proxies at a time.
pub(in crate::mesh) async fn counters(context: &RunContext, cluster: &Cluster, meshed: &[PodRef]) -> Counters {
    let end = Instant::now() + Timeouts::of(context.timeouts.dump);
    let reads: Vec<_> =
        meshed.iter().map(async |pod| (pod.clone(), read(context, cluster, pod, HOSTS, end).await)).collect();
    stream::iter(reads).buffer_unordered(AT_ONCE).collect().await
}

/// Adds the end of istiod's log, for a run that failed: that of every pod, Ready or not, with that from before a restart.
pub(in crate::mesh) async fn collect_log(context: &RunContext, cluster: &Cluster, writer: &Writer) {
    let pods = match pods(context, cluster).await {
        Ok(pods) => pods,
        Err(error) => return writer.missing(layout::CONTROL_PLANE_LOG, chain(&error)),
    };
    if pods.is_empty() {
        return writer.missing(layout::CONTROL_PLANE_LOG, format!("there is no pod of istiod in {SYSTEM}"));
    }
    let mut log = String::new();
    for pod in &pods {
        let istiod = pod_ref(pod);
        let statuses = pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten());
        let restarted = statuses.into_iter().any(|status| status.restart_count > 0);
        for previous in [true, false].into_iter().filter(|previous| restarted || !previous) {
            let title = if previous { format!("{istiod} before its restart") } else { istiod.to_string() };
            match api::logs(context, &cluster.client, &istiod, "discovery", previous, Some(LOG_LINES)).await {
                Ok(text) => log.push_str(&format!("==> {title} <==\n{text}\n")),
                Err(error) => writer.missing(format!("{} of {title}", layout::CONTROL_PLANE_LOG), chain(&error)),
            }
        }
    }
    if !log.is_empty() {
        add(writer, layout::CONTROL_PLANE_LOG, log.as_bytes());
    }
}

async fn collect_proxy(context: &RunContext, cluster: &Cluster, pod: &PodRef, writer: &Writer) {
    let budget = Timeouts::of(context.timeouts.dump);
    let end = Instant::now() + budget;
    for (page, file) in PAGES {
        let path = layout::proxy_file(pod, file);
        match read(context, cluster, pod, page, end).await {
            Ok(bytes) => keep(writer, &path, file, &bytes),
            Err(why) => writer.missing(path, why),
        }
    }
    let container = layout::REDIRECT_CONTAINER;
    let path = layout::log(pod, container);
    match api::logs(context, &cluster.client, pod, container, false, None).await {
        Ok(text) => add(writer, &path, text.as_bytes()),
        Err(error) => writer.missing(path, chain(&error)),
    }
}

async fn read(
    context: &RunContext,
    cluster: &Cluster,
    pod: &PodRef,
    page: &str,
    end: Instant,
) -> Result<Vec<u8>, String> {
    let left = end.saturating_duration_since(Instant::now());
    if left == Duration::ZERO {
        return Err(format!("the {} s for this proxy were used up before it was asked", context.timeouts.dump));
    }
    api::get_local(context, &cluster.client, pod, ADMIN, page, left).await.map_err(|error| chain(&error))
}

/// Puts a page into the bundle, without what could be secret.
fn keep(writer: &Writer, path: &str, file: &str, bytes: &[u8]) {
    match file {
        layout::CONFIG_DUMP => match envoy::redact(bytes, path) {
            Ok(clean) => {
                add(writer, path, &clean);
                writer.redacted(format!("{path} SecretsConfigDump"), "certificates and keys never enter a bundle");
                let why = "node metadata repeats annotations and proxyMetadata, which may hold anything";
                writer.redacted(format!("{path} BootstrapConfigDump"), why);
            }
            Err(error) => writer.missing(path, chain(&error)),
        },
        layout::SERVER_INFO => match strip_server_info(bytes) {
            Ok(clean) => {
                add(writer, path, &clean);
                writer.redacted(
                    format!("{path} node.metadata"),
                    "annotations and the proxy's environment may hold secrets; names, addresses and the version are kept",
                );
            }
            Err(error) => writer.missing(path, format!("/server_info is no JSON: {error}")),
        },
        _ => add(writer, path, bytes),
    }
}

/// Keeps version, state, uptimes, the node's id and cluster, and of its metadata what [`METADATA`] names, with the switches
/// of dual stack from its `proxyMetadata`.
pub(super) fn strip_server_info(bytes: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    let all: Map<String, Value> = serde_json::from_slice(bytes)?;
    let mut kept = only(&all, &["version", "state", "uptime_current_epoch", "uptime_all_epochs"]);
    if let Some(Value::Object(node)) = all.get("node") {
        let mut node_kept = only(node, &["id", "cluster", "user_agent_name", "user_agent_build_version"]);
        if let Some(Value::Object(metadata)) = node.get("metadata") {
            let mut metadata_kept = only(metadata, &METADATA);
            if let Some(Value::Object(environment)) =
                metadata.get("PROXY_CONFIG").and_then(|config| config.get("proxyMetadata"))
            {
                let switches = environment.iter().filter(|(key, _)| key.ends_with("DUAL_STACK"));
                let switches: Map<String, Value> = switches.map(|(key, value)| (key.clone(), value.clone())).collect();
                let config = Map::from_iter([("proxyMetadata".to_owned(), Value::Object(switches))]);
                metadata_kept.insert("PROXY_CONFIG".to_owned(), Value::Object(config));
            }
            node_kept.insert("metadata".to_owned(), Value::Object(metadata_kept));
        }
        kept.insert("node".to_owned(), Value::Object(node_kept));
    }
    serde_json::to_vec_pretty(&kept)
}

fn only(map: &Map<String, Value>, keys: &[&str]) -> Map<String, Value> {
    keys.iter().filter_map(|key| Some(((*key).to_owned(), map.get(*key)?.clone()))).collect()
}

/// A file that cannot be written, or broke off on its way, is missing like one that cannot be had.
fn add(writer: &Writer, path: &str, bytes: &[u8]) {
    if let Err(error) = writer.add_parsed(path, bytes) {
        writer.missing(path, chain(&error));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn server_info_keeps_who_the_proxy_is_and_none_of_its_secrets() -> Result<(), serde_json::Error> {
        let info = json!({
            "version": "c0ffee/1.39.3/Clean/RELEASE/BoringSSL",
            "state": "LIVE",
            "command_line_options": {"config_yaml": "hush"},
            "node": {
                "id": "sidecar~10.0.0.1~p.ns~ns.svc.cluster.local",
                "metadata": {
                    "ISTIO_VERSION": "1.31.0",
                    "INSTANCE_IPS": "10.0.0.1,fd00::1",
                    "ANNOTATIONS": {"token": "hush"},
                    "AWS_SECRET": "hush",
                    "PROXY_CONFIG": {"proxyMetadata": {"ISTIO_DUAL_STACK": "true", "API_KEY": "hush"}, "tracing": "hush"},
                },
                "extensions": [{"name": "hush"}],
            },
        });
        let kept = strip_server_info(&serde_json::to_vec(&info)?)?;
        let text = String::from_utf8_lossy(&kept);
        assert!(!text.contains("hush"), "{text}");
        let kept: Value = serde_json::from_slice(&kept)?;
        for pointer in [
            "/version",
            "/state",
            "/node/id",
            "/node/metadata/ISTIO_VERSION",
            "/node/metadata/INSTANCE_IPS",
            "/node/metadata/PROXY_CONFIG/proxyMetadata/ISTIO_DUAL_STACK",
        ] {
            assert_eq!(kept.pointer(pointer), info.pointer(pointer), "{pointer}");
        }
        assert!(strip_server_info(b"upstream connect error").is_err());
        Ok(())
    }
}
