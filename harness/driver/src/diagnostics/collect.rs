//! Puts what is known of a failed stage into the bundle.

use std::time::Duration;

use dualproof_dump::bundle::{Writer, layout};
use dualproof_model::evidence::PodRef;

use super::gather::{Namespace, is_lost, look};
use crate::api;
use crate::cluster::Cluster;
use crate::context::RunContext;
use crate::trouble::chain;

/// Where the lines for people stand.
const DIAGNOSIS: &str = "logs/diagnosis.txt";
/// How long all of it may take: the run has failed already, and its user waits.
const BUDGET: Duration = Duration::from_secs(30);
/// Lines of each log.
const LOG_LINES: i64 = 500;
/// Containers whose logs are taken; a broken cluster may have hundreds.
const CONTAINERS: usize = 20;

/// Writes `logs/diagnosis.txt` (pods that are not ready and why, warnings of their namespaces) and the logs of the containers
/// in trouble, current and previous, for the stage `stage` that failed with `what`.
///
/// Cheapest first: the lines are in the bundle before the first log is read. Takes at most half a minute, 20 containers and
/// 500 lines of each. What does not come is noted as missing.
pub async fn collect(
    context: &RunContext,
    cluster: &Cluster,
    stage: &str,
    what: &str,
    namespaces: &[impl AsRef<str> + Sync],
    writer: &Writer,
) {
    let mut text = format!("stage {stage} failed: {what}\n");
    add(writer, DIAGNOSIS, text.as_bytes());
    let work = async {
        let mut containers = Vec::new();
        for name in namespaces {
            let namespace = look(context, cluster, name.as_ref()).await;
            text.push_str(&paragraph(&namespace));
            add(writer, DIAGNOSIS, text.as_bytes());
            for trouble in namespace.troubles {
                containers.extend(trouble.containers.into_iter().map(|container| (trouble.pod.clone(), container)));
            }
        }
        if containers.len() > CONTAINERS {
            let why = format!("only the first {CONTAINERS} of {} containers in trouble were read", containers.len());
            writer.missing("logs of the other containers", why);
        }
        for (pod, container) in containers.iter().take(CONTAINERS) {
            log(context, cluster, pod, container, writer).await;
        }
    };
    if tokio::time::timeout(BUDGET, work).await.is_err() {
        let rest = format!("the rest of {DIAGNOSIS}");
        writer.missing(rest, format!("the API server did not tell all within {} s", BUDGET.as_secs()));
    }
}

async fn log(context: &RunContext, cluster: &Cluster, pod: &PodRef, container: &str, writer: &Writer) {
    for (previous, name) in [(false, container.to_owned()), (true, format!("{container}-previous"))] {
        let path = layout::log(pod, &name);
        match api::logs(context, &cluster.client, pod, container, previous, Some(LOG_LINES)).await {
            Ok(text) if is_lost(&text) => writer.missing(path, text.trim()),
            Ok(text) => add(writer, &path, text.as_bytes()),
            // Most containers have not been restarted: that is no loss.
            Err(_) if previous => {}
            Err(error) => writer.missing(path, chain(&error)),
        }
    }
}

fn paragraph(namespace: &Namespace) -> String {
    let mut text = format!("\nnamespace {}\n", namespace.name);
    if namespace.troubles.is_empty() && namespace.unknown.is_empty() {
        text.push_str("  every pod is ready\n");
    }
    for trouble in &namespace.troubles {
        text.push_str(&format!("  {trouble}\n"));
    }
    for warning in &namespace.warnings {
        text.push_str(&format!("  warning {warning}\n"));
    }
    for unknown in &namespace.unknown {
        text.push_str(&format!("  not known: {unknown}\n"));
    }
    text
}

fn add(writer: &Writer, path: &str, bytes: &[u8]) {
    if let Err(error) = writer.add(path, bytes) {
        writer.missing(path, chain(&error));
    }
}
