//! What is in a cluster, so that one that was used can be shown to be as it was.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use kube::api::ListParams;
use kube::core::{ApiResource, DynamicObject};
use kube::discovery::{Discovery, verbs};
use kube::{Api, ResourceExt};

use super::{Cluster, ClusterError};
use crate::api::{self, ApiError};
use crate::context::RunContext;
use crate::trouble::chain;
use crate::wait::{Progress, until};

/// How many kinds are listed at once.
const LISTS_AT_ONCE: usize = 8;

/// How many objects are named when they should not be there.
const NAMED: usize = 5;

/// Kinds that a cluster writes by itself all the time: they tell nothing of what was done to it.
const RESTLESS: [&str; 3] = ["Event", "Lease", "ComponentStatus"];

/// Every object of a cluster that no other object owns, by kind, namespace and name. What is owned goes with its owner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory(BTreeSet<String>);

impl Inventory {
    /// Lists every kind that the cluster serves, by metadata alone.
    ///
    /// # Errors
    /// When the kinds cannot be discovered, or one of them cannot be listed. A kind that is gone by the time it is listed has no
    /// objects.
    pub async fn take(context: &RunContext, cluster: &Cluster) -> Result<Self, ApiError> {
        let discover = Discovery::new(cluster.client.clone()).run();
        let kinds = api::request(context, "discover what the cluster serves", discover).await?;
        let kinds: Vec<ApiResource> = kinds
            .groups()
            .flat_map(kube::discovery::ApiGroup::recommended_resources)
            .filter(|(kind, can)| can.supports_operation(verbs::LIST) && !RESTLESS.contains(&kind.kind.as_str()))
            .map(|(kind, _)| kind)
            .collect();
        let mut lists = Vec::new();
        for kind in kinds {
            lists.push(unowned(context, cluster, kind));
        }
        let lists: Vec<Vec<String>> = stream::iter(lists).buffer_unordered(LISTS_AT_ONCE).try_collect().await?;
        Ok(Self(lists.into_iter().flatten().collect()))
    }

    /// Lists what is here and was not before, sorted.
    pub fn beyond<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = &'a str> {
        self.0.difference(&before.0).map(String::as_str)
    }

    /// Counts the objects.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether nothing at all was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Waits until a cluster holds nothing that it did not hold `before`. Objects that are gone since, or changed, are not looked for.
///
/// # Errors
/// [`ClusterError::NotClean`] with what is there too many when the budget ends.
pub async fn as_before(
    context: &RunContext,
    cluster: &Cluster,
    before: &Inventory,
    limit: Duration,
) -> Result<(), ClusterError> {
    let name = format!("cluster {} as before", cluster.name);
    let seen = until(context, &name, limit, || async {
        let more = match Inventory::take(context, cluster).await {
            Ok(now) => surplus(&now, before),
            Err(error) => Some(chain(&error)),
        };
        more.map_or(Progress::Done(()), Progress::NotYet)
    });
    seen.await.map_err(|source| ClusterError::NotClean { name: cluster.name.clone(), source })
}

/// Says what there is too much; `None` when there is nothing.
fn surplus(now: &Inventory, before: &Inventory) -> Option<String> {
    let more: Vec<&str> = now.beyond(before).collect();
    let named = more.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let others = more.len().saturating_sub(NAMED);
    match (more.len(), others) {
        (0, _) => None,
        (_, 0) => Some(format!("still there: {named}")),
        (_, others) => Some(format!("still there: {named} and {others} more")),
    }
}

async fn unowned(context: &RunContext, cluster: &Cluster, kind: ApiResource) -> Result<Vec<String>, ApiError> {
    let objects: Api<DynamicObject> = Api::all_with(cluster.client.clone(), &kind);
    let (what, all) = (format!("list {}", kind.plural), ListParams::default());
    let list = match api::request(context, &what, objects.list_metadata(&all)).await {
        Ok(list) => list,
        // Its definition was removed meanwhile.
        Err(ApiError::Request { source, .. }) if source.is_not_found() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let items = list.items.iter().filter(|object| object.owner_references().is_empty());
    Ok(items
        .map(|object| match object.namespace() {
            Some(namespace) => format!("{} {namespace}/{}", kind.kind, object.name_any()),
            None => format!("{} {}", kind.kind, object.name_any()),
        })
        .collect())
}
