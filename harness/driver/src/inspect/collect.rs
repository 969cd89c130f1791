//! Reads the namespaces of many pods, one call for each node.

use std::collections::BTreeSet;
use std::time::Duration;

use dualproof_dump::bundle::{Writer, layout};
use dualproof_model::evidence::PodRef;
use dualproof_model::plan::Timeouts;
use futures_util::StreamExt;
use futures_util::stream;

use super::stream::{Answer, answers};
use crate::api;
use crate::cluster::{Cluster, KindTools, WayIn};
use crate::context::RunContext;
use crate::tool::{self, Invocation};
use crate::trouble::chain;

/// What runs on a node.
const SCRIPT: &str = include_str!("node.sh");

/// Nodes read at the same time: each is a shell with a few short tools.
const AT_ONCE: usize = 4;

/// What the node's own deadline leaves of the budget for the way there and back.
const MARGIN: Duration = Duration::from_secs(3);

/// The label that kind gives the containers of its nodes.
const NODE_LABEL: &str = "io.x-k8s.kind.cluster";

/// Reads the network namespace of every given pod into `netns/<namespace>/<pod>/`, and notes what could not be read and why.
///
/// Each node has `timeouts.dump` for all of its pods. There is no error: without docker, on a cluster whose nodes are no containers of this
/// machine, with a node that does not answer, the pods' namespaces are missing from the bundle.
pub async fn collect(context: &RunContext, cluster: &Cluster, tools: &KindTools, pods: &[PodRef], writer: &Writer) {
    if pods.is_empty() {
        return;
    }
    if let WayIn::Page(page) = cluster.way_in {
        return ask(context, cluster, page, pods, writer).await;
    }
    let nodes = match nodes(context, cluster, tools).await {
        Ok(nodes) => nodes,
        Err(why) => return pods.iter().for_each(|pod| writer.missing(layout::netns(pod), &why)),
    };
    // Made before they are polled: a stream over borrowing closures would not be `Send`.
    let reads: Vec<_> = nodes.iter().map(|node| read(context, tools, node, pods)).collect();
    let read: Vec<Read> = stream::iter(reads).buffered(AT_ONCE).collect().await;
    let mut found = BTreeSet::new();
    for node in &read {
        for answer in answers(&node.stdout).0 {
            found.extend(keep(&answer, pods, writer));
        }
    }
    let troubles: Vec<&str> = read.iter().filter_map(|node| node.trouble.as_deref()).collect();
    for pod in pods.iter().filter(|pod| !found.contains(*pod)) {
        let why = match troubles.as_slice() {
            [] => format!("no node holds a sandbox of it: {} were looked through", nodes.join(", ")),
            troubles => troubles.join("; "),
        };
        writer.missing(layout::netns(pod), why);
    }
    for pod in found {
        let files = layout::NETNS_FILES.iter().map(|file| layout::netns_file(pod, file));
        for path in files.filter(|path| !troubles.is_empty() && !writer.dir().join(path).exists()) {
            writer.missing(path, troubles.join("; "));
        }
    }
}

/// Asks the API server's page for all pods at once.
async fn ask(context: &RunContext, cluster: &Cluster, page: &str, pods: &[PodRef], writer: &Writer) {
    let query: Vec<String> = pods.iter().map(|pod| format!("pod={pod}")).collect();
    let path = format!("{page}?{}", query.join("&"));
    let said = match api::list_json(context, &cluster.client, &path).await {
        Ok(said) => said,
        Err(error) => return pods.iter().for_each(|pod| writer.missing(layout::netns(pod), chain(&error))),
    };
    let found: BTreeSet<&PodRef> = answers(&said).0.iter().filter_map(|answer| keep(answer, pods, writer)).collect();
    for pod in pods.iter().filter(|pod| !found.contains(pod)) {
        writer.missing(layout::netns(pod), "the cluster runs no such pod");
    }
}

/// Finds those nodes that are kind's containers on this machine; says why there is none.
async fn nodes(context: &RunContext, cluster: &Cluster, tools: &KindTools) -> Result<Vec<String>, String> {
    if cluster.nodes.is_empty() {
        return Err("the cluster's nodes are not known, so there is no way into its pods".to_owned());
    }
    let filter = format!("label={NODE_LABEL}");
    let list = Invocation::new(&tools.docker, Timeouts::of(context.timeouts.tool)).args([
        "ps",
        "--filter",
        &filter,
        "--format",
        "{{.Names}}",
    ]);
    let said = tool::run(&list, &context.cancel).await.map_err(|error| {
        format!("only kind's nodes can be looked into, and docker does not say which they are: {}", chain(&error))
    })?;
    let here = said.text();
    let here: BTreeSet<&str> = here.lines().map(str::trim).collect();
    let nodes: Vec<String> = cluster.nodes.iter().filter(|node| here.contains(node.as_str())).cloned().collect();
    if nodes.is_empty() {
        let names = cluster.nodes.join(", ");
        return Err(format!("only kind's nodes can be looked into, and none of {names} is one on this machine"));
    }
    Ok(nodes)
}

/// What a node said, and what went wrong there.
struct Read {
    stdout: Vec<u8>,
    trouble: Option<String>,
}

async fn read(context: &RunContext, tools: &KindTools, node: &str, pods: &[PodRef]) -> Read {
    let limit = Timeouts::of(context.timeouts.dump);
    // A call that is killed here leaves its shell on the node, so that the node has a shorter deadline of its own.
    let on_node = limit.saturating_sub(MARGIN).as_secs().max(1).to_string();
    let call = Invocation::new(&tools.docker, limit)
        .args(["exec", node, "timeout", "-k", "1", &on_node, "sh", "-c", SCRIPT, "sh"])
        .args(pods.iter().map(ToString::to_string))
        .unchecked();
    match tool::run(&call, &context.cancel).await {
        Ok(output) => {
            let trouble = match output.code {
                Some(0) if answers(&output.stdout).1 => None,
                Some(124) => Some(format!("node {node} did not read its pods' namespaces within {on_node} s")),
                _ => Some(format!("node {node} did not tell all: {}", last_words(&output.stderr))),
            };
            Read { stdout: output.stdout, trouble }
        }
        Err(error) => Read {
            stdout: Vec::new(),
            trouble: Some(format!("node {node} could not be asked: {}", error_words(&error))),
        },
    }
}

/// Puts an answer into the bundle, and returns its pod; `None` for a pod that nobody asked for.
fn keep<'a>(answer: &Answer<'_>, pods: &'a [PodRef], writer: &Writer) -> Option<&'a PodRef> {
    let pod = pods.iter().find(|pod| pod.to_string() == answer.pod)?;
    let file = layout::NETNS_FILES.into_iter().find(|file| *file == answer.file)?;
    let path = layout::netns_file(pod, file);
    if answer.status != 0 {
        writer.missing(
            path,
            format!("the node's tool ended with status {}: {}", answer.status, last_words(answer.stderr)),
        );
    } else if let Err(error) = writer.add_parsed(&path, answer.stdout) {
        writer.missing(path, chain(&error));
    }
    Some(pod)
}

/// Says an error without its command, which holds the whole script.
fn error_words(error: &tool::ToolError) -> String {
    match error {
        tool::ToolError::Deadline { limit, .. } => format!("no end within {} s", limit.as_secs()),
        tool::ToolError::Cancelled { .. } => "the run was stopped".to_owned(),
        tool::ToolError::Start { source, .. } | tool::ToolError::Files { source, .. } => source.to_string(),
        tool::ToolError::NotFound { .. } => chain(error),
        tool::ToolError::Failed { status, tail, .. } => format!("{status}: {tail}"),
    }
}

fn last_words(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().rev().find(|line| !line.trim().is_empty());
    line.map_or_else(|| "it said nothing".to_owned(), |line| line.trim().to_owned())
}
