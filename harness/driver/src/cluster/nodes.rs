//! Nodes: Ready, and by name.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::Node;
use kube::runtime::watcher;
use kube::{Api, Client};

use crate::context::RunContext;
use crate::wait::{Progress, WaitError, watch_until};

/// Watches until `count` nodes are there and all are Ready. Returns their names, sorted.
///
/// # Errors
/// [`WaitError`], with what each node lacks.
pub async fn ready(
    context: &RunContext,
    client: &Client,
    count: usize,
    limit: Duration,
) -> Result<Vec<String>, WaitError> {
    let condition = format!("{count} nodes Ready");
    watch_until(context, Api::all(client.clone()), watcher::Config::default(), &condition, limit, |nodes| {
        progress(nodes, count)
    })
    .await
}

fn progress(nodes: &BTreeMap<String, Node>, count: usize) -> Progress<Vec<String>> {
    let waiting: Vec<String> =
        nodes.iter().filter_map(|(name, node)| Some(format!("{name}: {}", unready(node)?))).collect();
    if nodes.len() >= count && waiting.is_empty() {
        return Progress::Done(nodes.keys().cloned().collect());
    }
    let mut status = format!("{} of {count} nodes Ready", nodes.len() - waiting.len());
    for reason in waiting {
        status.push_str("; ");
        status.push_str(&reason);
    }
    Progress::NotYet(status)
}

/// Says why a node is not Ready; `None` when it is.
fn unready(node: &Node) -> Option<String> {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_ref());
    match conditions.into_iter().flatten().find(|condition| condition.type_ == "Ready") {
        Some(ready) if ready.status == "True" => None,
        Some(ready) => {
            Some(ready.message.clone().or_else(|| ready.reason.clone()).unwrap_or_else(|| "no reason given".to_owned()))
        }
        None => Some("the kubelet has not reported yet".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(name: &str, ready: Option<(&str, &str)>) -> Result<(String, Node), serde_json::Error> {
        let conditions: Vec<_> = ready
            .map(|(status, message)| json!({"type": "Ready", "status": status, "message": message}))
            .into_iter()
            .collect();
        let node = json!({"metadata": {"name": name}, "status": {"conditions": conditions}});
        Ok((name.to_owned(), serde_json::from_value(node)?))
    }

    #[test]
    fn nodes_are_ready_when_all_are_there_and_each_says_so() -> Result<(), serde_json::Error> {
        let (a, b) = (node("a", Some(("True", "")))?, node("b", Some(("False", "cni plugin not initialized")))?);
        let new = node("c", None)?;
        assert_eq!(progress(&BTreeMap::from([a.clone()]), 1), Progress::Done(vec!["a".to_owned()]));
        assert_eq!(progress(&BTreeMap::from([a.clone()]), 2), Progress::NotYet("1 of 2 nodes Ready".to_owned()));
        let status = "1 of 3 nodes Ready; b: cni plugin not initialized; c: the kubelet has not reported yet";
        assert_eq!(progress(&BTreeMap::from([a, b, new]), 3), Progress::NotYet(status.to_owned()));
        Ok(())
    }
}
