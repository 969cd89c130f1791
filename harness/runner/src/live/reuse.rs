//! Finding the run whose cell is judged again.

use std::collections::BTreeSet;

use dualproof_driver::api;
use dualproof_driver::cluster::Cluster;
use dualproof_driver::context::{MANAGED_BY, RUN_LABEL, RunContext};
use dualproof_driver::trouble::Trouble;
use dualproof_model::evidence::FailureKind;
use k8s_openapi::api::core::v1::Namespace;

use crate::lease::Beacon;

/// Says to sweeps that a kept run is in use for as long as the value lives. `None` where that cannot be said: a run that is judged
/// again is no reason to fail for what somebody may do meanwhile.
pub(super) fn join(run: &str) -> Option<Beacon> {
    run.parse().ok().and_then(|run| Beacon::join(&run).ok().flatten())
}

/// Returns the id of the one run of ours that a cluster holds, so that what carries its label counts as this run's.
///
/// # Errors
/// When there is none, or more than one.
pub(super) async fn kept_run(context: &RunContext, cluster: &Cluster) -> Result<String, Trouble> {
    let namespaces: Vec<Namespace> = api::list(context, &cluster.client, None).await?;
    let runs: BTreeSet<String> = namespaces
        .iter()
        .filter_map(|namespace| namespace.metadata.labels.as_ref())
        .filter(|labels| labels.get(MANAGED_BY.0).is_some_and(|value| value == MANAGED_BY.1))
        .filter_map(|labels| labels.get(RUN_LABEL).cloned())
        .collect();
    let mut found = runs.iter();
    match (found.next(), found.next()) {
        (Some(run), None) => Ok(run.clone()),
        (None, _) => Err(Trouble {
            kind: FailureKind::BadInput,
            what: format!("the cluster `{}` holds no kept run to use again", cluster.name),
            hint: "make one with `dualproof run --keep`, or leave --reuse out".to_owned(),
        }),
        (Some(_), Some(_)) => Err(Trouble {
            kind: FailureKind::BadInput,
            what: format!(
                "the cluster `{}` holds several kept runs: {}",
                cluster.name,
                runs.into_iter().collect::<Vec<_>>().join(", ")
            ),
            hint: format!("remove all but one: kubectl delete namespace --selector {RUN_LABEL}=<run>"),
        }),
    }
}
