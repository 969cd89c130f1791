//! What Docker has of kind's clusters, and of clients beside them.

use std::collections::BTreeMap;
use std::path::Path;

use dualproof_driver::cluster::KindTools;
use dualproof_driver::context::{KEPT_LABEL, MANAGED_BY, RUN_LABEL, RunContext};
use dualproof_driver::outside;
use dualproof_driver::tool::{self, Invocation, ToolError};
use dualproof_driver::trouble::chain;
use dualproof_driver::wait::{Progress, consecutive};
use dualproof_model::plan::Timeouts;
use jiff::Timestamp;

/// The label that kind puts on every node's container (kubernetes-sigs/kind:pkg/cluster/internal/providers/docker/constants.go).
const CLUSTER_LABEL: &str = "io.x-k8s.kind.cluster";

/// Where kind leaves a node's configuration (kubernetes-sigs/kind:pkg/cluster/internal/create/actions/config/config.go).
const NODE_CONFIG: &str = "/kind/kubeadm.conf";

/// How many looks in a row must give the same answer: what was being started when a tool was killed appears late, and a
/// removal may be refused once because another is going on.
const LOOKS: u32 = 4;

/// What Docker says of a container that somebody else is removing (moby/moby:daemon/delete.go).
const UNDER_WAY: &str = "is already in progress";

/// The containers of one kind cluster, or beside it, running or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Containers {
    /// Their names.
    pub(super) names: Vec<String>,
    /// When the first was made; `None` when Docker does not say it in a way that we read.
    pub(super) first: Option<Timestamp>,
}

/// Whose a cluster says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The run's.
    Run,
    /// The run's, and its user asked to keep it.
    Kept,
    /// Another's.
    Another,
    /// It cannot say: its configuration was not written yet, or it cannot be read.
    Unknown,
}

/// Lists kind's clusters by their containers.
pub(super) async fn clusters(context: &RunContext) -> Result<BTreeMap<String, Containers>, ToolError> {
    labelled(context, CLUSTER_LABEL, &[&format!("label={CLUSTER_LABEL}")]).await
}

/// Lists the containers beside clusters that say they are a run's, by its id: clients outside the cluster.
pub(super) async fn beside(context: &RunContext) -> Result<BTreeMap<String, Containers>, ToolError> {
    let ours = format!("label={}={}", MANAGED_BY.0, MANAGED_BY.1);
    labelled(context, RUN_LABEL, &[&format!("label={RUN_LABEL}"), &ours]).await
}

async fn labelled(
    context: &RunContext,
    label: &str,
    filters: &[&str],
) -> Result<BTreeMap<String, Containers>, ToolError> {
    let format = format!("{{{{.Label \"{label}\"}}}}|{{{{.Names}}}}|{{{{.CreatedAt}}}}");
    let filters = filters.iter().flat_map(|filter| ["--filter", *filter]);
    let list = docker(context).args(["ps", "--all", "--format", &format]).args(filters);
    let text = tool::run(&list, &context.cancel).await?.text();
    let mut clusters: BTreeMap<String, Containers> = BTreeMap::new();
    for line in text.lines() {
        let mut fields = line.split('|');
        let (Some(cluster), Some(name), Some(created)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let containers = clusters.entry(cluster.to_owned()).or_default();
        containers.names.push(name.to_owned());
        containers.first = match (containers.first, moment(created)) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
    Ok(clusters)
}

/// Asks a cluster's control plane, running or not, which run's label its nodes were to carry.
pub(super) async fn owner(context: &RunContext, cluster: &str, run: &str) -> Owner {
    let copy = docker(context).args(["cp", &format!("{cluster}-control-plane:{NODE_CONFIG}"), "-"]);
    match tool::run(&copy, &context.cancel).await {
        Ok(output) if !says(&output.text(), RUN_LABEL, run) => Owner::Another,
        Ok(output) if says(&output.text(), KEPT_LABEL, "true") => Owner::Kept,
        Ok(_) => Owner::Run,
        Err(_) => Owner::Unknown,
    }
}

/// Removes a cluster until several looks in a row find nothing of it, or meet the same error. Without kind, Docker alone
/// does it.
pub(super) async fn remove(context: &RunContext, cluster: &str, kubeconfig: Option<&Path>) -> Result<(), String> {
    let limit = Timeouts::of(context.timeouts.cleanup);
    let gone = format!("cluster {cluster} gone");
    let result = consecutive(context, &gone, limit, LOOKS, || async {
        let names = match clusters(context).await {
            Ok(mut clusters) => clusters.remove(cluster).unwrap_or_default().names,
            Err(error) => return Progress::Done(Err(chain(&error))),
        };
        if names.is_empty() {
            return Progress::Done(Ok(()));
        }
        match delete(context, cluster, kubeconfig, &names).await {
            Ok(()) => Progress::NotYet(format!("still there: {}", names.join(", "))),
            // The `kind delete` of a run that was stopped twice goes on without it.
            Err(error) if chain(&error).contains(UNDER_WAY) => Progress::NotYet(chain(&error)),
            Err(error) => Progress::Done(Err(chain(&error))),
        }
    })
    .await;
    result.unwrap_or_else(|error| Err(chain(&error)))
}

/// Removes the containers beside clusters that carry the context's run, until several looks in a row find none.
pub(super) async fn remove_beside(context: &RunContext) -> Result<(), String> {
    let limit = Timeouts::of(context.timeouts.cleanup);
    let gone = format!("containers of run {} gone", context.run);
    let result = consecutive(context, &gone, limit, LOOKS, || async {
        match beside(context).await {
            Ok(runs) if !runs.contains_key(&context.run) => return Progress::Done(Ok(())),
            Ok(_) => {}
            Err(error) => return Progress::Done(Err(chain(&error))),
        }
        match outside::clear(context).await {
            Ok(()) => Progress::NotYet("still there".to_owned()),
            Err(error) if chain(&error).contains(UNDER_WAY) => Progress::NotYet(chain(&error)),
            Err(error) => Progress::Done(Err(chain(&error))),
        }
    })
    .await;
    result.unwrap_or_else(|error| Err(chain(&error)))
}

async fn delete(
    context: &RunContext,
    cluster: &str,
    kubeconfig: Option<&Path>,
    names: &[String],
) -> Result<(), ToolError> {
    let limit = Timeouts::of(context.timeouts.cleanup);
    if tool::find("kind").is_err() {
        let remove = Invocation::new("docker", limit).args(["rm", "--force", "--volumes"]).args(names);
        return KindTools::default().thawing(context, cluster, tool::run(&remove, &context.cancel)).await.map(drop);
    }
    // Without a kubeconfig of its own kind would write to the user's.
    let nowhere = context.folder.join("kubeconfig");
    let delete = Invocation::new("kind", limit)
        .args(["delete", "cluster", "--name", cluster, "--kubeconfig"])
        .arg(kubeconfig.unwrap_or(&nowhere));
    KindTools::default().thawing(context, cluster, tool::run(&delete, &context.cancel)).await.map(drop)
}

fn docker(context: &RunContext) -> Invocation {
    Invocation::new("docker", Timeouts::of(context.timeouts.tool))
}

/// Finds a label with exactly this value.
fn says(config: &str, label: &str, value: &str) -> bool {
    let label = format!("{label}={value}");
    config.match_indices(&label).any(|(at, _)| {
        let next = config[at + label.len()..].chars().next();
        !next.is_some_and(|next| next.is_ascii_alphanumeric() || "-_.".contains(next))
    })
}

/// Reads Docker's `2026-11-24 22:20:25 +0000 UTC`.
fn moment(text: &str) -> Option<Timestamp> {
    let words: Vec<&str> = text.split(' ').take(3).collect();
    Timestamp::strptime("%Y-%m-%d %H:%M:%S %z", words.join(" ")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_s_moments_are_read_whatever_the_zone_is_called() {
        let expected = "2026-11-24T22:20:25Z".parse().ok();
        assert!(expected.is_some());
        for text in
            ["2026-11-24 22:20:25 +0000 UTC", "2026-11-24 23:20:25 +0100 CET", "2026-11-24 19:50:25 -0230 -0230"]
        {
            assert_eq!(moment(text), expected, "{text}");
        }
        assert_eq!(moment("About an hour ago"), None);
    }

    #[test]
    fn only_the_whole_id_is_the_run_s() {
        assert!(says("  - name: node-labels\n    value: dualproof.dev/run=abc234\n", RUN_LABEL, "abc234"));
        assert!(says("value: dualproof.dev/run=abc234,other=x", RUN_LABEL, "abc234"));
        assert!(!says("value: dualproof.dev/run=abc2345\n", RUN_LABEL, "abc234"));
        assert!(!says("value: dualproof.dev/run=abc234-x\n", RUN_LABEL, "abc234"));
        assert!(!says("value: x\n", RUN_LABEL, "abc234"));
    }
}
