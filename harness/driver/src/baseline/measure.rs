//! The baseline from its namespace to its answers.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dualproof_model::evidence::{Call, DnsQuestion, Objects};
use dualproof_model::family::FamilyOrder;
use dualproof_model::plan::Timeouts;
use dualproof_model::truth::{self, Baseline};
use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use super::BaselineError;
use super::attempt::Attempt;
use super::manifest::{CLIENT, documents, namespace_labels};
use super::ready::{left, ready};
use crate::api::{self, ApiError};
use crate::cluster::Cluster;
use crate::context::RunContext;
use crate::wait::{Progress, WaitError, until};

/// How many commands run at once.
const AT_ONCE: usize = 8;

/// What the cluster answered without a mesh.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// One call for each that is owed, as it last ended.
    pub calls: Vec<Call>,
    /// The questions from each client, one for each family, as they last ended.
    pub dns: Vec<DnsQuestion>,
}

/// Deploys the baseline, waits until it can be called, and asks: every client every address, and a name for each family that the cluster
/// should have.
///
/// What goes wrong is repeated (rules in the kernel and records in DNS come a moment after the objects) until all went well or
/// `timeouts.baseline` ends; the last attempt is what counts.
///
/// # Errors
/// When the namespace belongs to somebody else, the cluster refuses two families, the pods do not start, or the run was
/// stopped. A call that fails, and a family that is not there, are no errors: they are the evidence.
pub async fn measure(context: &RunContext, cluster: &Cluster, order: FamilyOrder) -> Result<Measured, BaselineError> {
    let end = Instant::now() + Timeouts::of(context.timeouts.baseline);
    api::create_namespace(context, &cluster.client, Baseline::NAMESPACE, &namespace_labels()).await?;
    let (documents, labels) = (documents(order), BTreeMap::new());
    api::apply(context, &cluster.client, &documents, Some(Baseline::NAMESPACE), &labels).await.map_err(refused)?;
    let objects = ready(context, cluster, end).await?;
    let attempts = Mutex::new(owed(&objects, order));
    let session = Session { context, cluster, attempts: &attempts };
    session.converge(left(end)).await?;
    let mut measured = Measured::default();
    for attempt in attempts.into_inner().unwrap_or_else(PoisonError::into_inner) {
        match attempt {
            Attempt::Call(call) => measured.calls.push(*call),
            Attempt::Dns(question) => measured.dns.push(*question),
        }
    }
    Ok(measured)
}

/// Removes the baseline's namespace, which takes some ten seconds. Needless where the cluster itself is removed.
///
/// # Errors
/// When it does not belong to this run, or does not go. That it is not there is no error.
pub async fn remove(context: &RunContext, cluster: &Cluster) -> Result<(), BaselineError> {
    Ok(api::delete_namespace(context, &cluster.client, Baseline::NAMESPACE).await?)
}

/// Lists what is to be asked, in the order of the judge's own list.
fn owed(objects: &Objects, order: FamilyOrder) -> Vec<Attempt> {
    let node_of = |probe: &truth::Probe| objects.pod(&probe.client).map_or("", |pod| pod.node.as_str());
    let calls = truth::baseline(objects);
    let calls = calls.iter().enumerate().map(|(number, probe)| Attempt::call(probe, node_of(probe), number));
    let clients =
        objects.pods_in(Baseline::NAMESPACE).filter(|pod| pod.meta.labels.get("app").is_some_and(|app| app == CLIENT));
    let questions = clients.flat_map(|client| order.families().iter().map(|family| Attempt::question(client, *family)));
    calls.chain(questions).collect()
}

struct Session<'a> {
    context: &'a RunContext,
    cluster: &'a Cluster,
    attempts: &'a Mutex<Vec<Attempt>>,
}

impl Session<'_> {
    async fn converge(&self, limit: Duration) -> Result<(), BaselineError> {
        let condition = "every baseline call and question answered";
        match until(self.context, condition, limit, || self.round()).await {
            Ok(()) => Ok(()),
            // What is not answered by now is the evidence.
            Err(WaitError::Deadline { .. }) => Ok(()),
            Err(stopped) => Err(ApiError::from(stopped).into()),
        }
    }

    /// Asks once more what has not gone well.
    async fn round(&self) -> Progress<()> {
        let pending: Vec<usize> = self
            .all()
            .iter()
            .enumerate()
            .filter(|(_, attempt)| !attempt.is_settled())
            .map(|(index, _)| index)
            .collect();
        let mut asks = Vec::new();
        for index in pending {
            asks.push(self.ask(index));
        }
        stream::iter(asks).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
        let all = self.all();
        let open: Vec<&Attempt> = all.iter().filter(|attempt| !attempt.is_settled()).collect();
        match open.first() {
            None => Progress::Done(()),
            Some(first) => Progress::NotYet(format!("{} of {} open: {}", open.len(), all.len(), first.status())),
        }
    }

    async fn ask(&self, index: usize) {
        let Some((client, argv)) = self.all().get(index).map(|attempt| (attempt.client().clone(), attempt.argv()))
        else {
            return;
        };
        let limit = Timeouts::of(self.context.timeouts.call);
        let began = Instant::now();
        let ending = api::exec(self.context, &self.cluster.client, &client, CLIENT, &argv, None, limit).await;
        let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        if let Some(attempt) = self.all().get_mut(index) {
            attempt.record(ending, took);
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Attempt>> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells an API server without two families
/// (kubernetes/kubernetes:pkg/registry/core/service/storage/alloc.go: `this cluster is not configured for dual-stack services`).
fn refused(error: ApiError) -> BaselineError {
    match &error {
        ApiError::Apply { source, .. } if source.to_string().contains("not configured for dual-stack") => {
            BaselineError::NotDualStack(error)
        }
        _ => error.into(),
    }
}
