//! A cluster that the cells of one run hand on to each other, each time proven to be as it was before.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dualproof_driver::cluster::{Cluster, Inventory, ToolVersions, as_before};
use dualproof_driver::context::RunContext;
use dualproof_driver::mesh::Installed;
use dualproof_driver::trouble::{Trouble, chain};
use dualproof_driver::workload;
use dualproof_model::plan::Timeouts;
use tokio_util::sync::CancellationToken;

use super::state::run_context;
use super::{Live, before};
use crate::lease::RunFolder;
use crate::settings::Settings;

/// How long objects may take to follow those that they belonged to. A new cluster takes about twice as long.
const SETTLING: Duration = Duration::from_secs(10);

/// What cells hand on to each other. Clones are the same relay.
#[derive(Clone, Default)]
pub struct Relay {
    handed: Arc<Mutex<Option<Handed>>>,
}

#[derive(Clone)]
struct Handed {
    cluster: Cluster,
    tools: ToolVersions,
    cell: String,
    before: Inventory,
}

/// The place of one cell among those that use one cluster.
#[derive(Default)]
pub struct Place {
    cell: String,
    relay: Relay,
    is_followed: bool,
    taken: Mutex<Option<Handed>>,
}

impl Relay {
    /// Makes the place of the next cell, by its name; another one follows it, or none.
    #[must_use]
    pub fn place(&self, cell: String, is_followed: bool) -> Place {
        Place { cell, relay: self.clone(), is_followed, taken: Mutex::default() }
    }

    /// Removes the cluster that nobody took over, because the cells after ended before they needed it.
    ///
    /// # Errors
    /// Why it stays.
    pub async fn end(&self, settings: &Settings, folder: &RunFolder) -> Result<(), Trouble> {
        let Some(handed) = locked(&self.handed).take() else { return Ok(()) };
        let context = run_context(settings, folder, CancellationToken::new());
        Ok(before::provider(settings, folder.id()).close(&context, &handed.cluster).await?)
    }
}

impl Place {
    /// Returns the versions of the tools that made the cluster that waits for this cell, and the name of the cell that used it last; `None` when
    /// none waits.
    pub(super) fn waiting(&self) -> Option<(ToolVersions, String)> {
        locked(&self.relay.handed).as_ref().map(|handed| (handed.tools.clone(), handed.cell.clone()))
    }

    /// Takes over the cluster that waits, if any: from now on it is this cell's to hand on or to remove.
    pub(super) fn take(&self) -> Option<Cluster> {
        let handed = locked(&self.relay.handed).take()?;
        let cluster = handed.cluster.clone();
        *locked(&self.taken) = Some(handed);
        Some(cluster)
    }
}

impl Live {
    /// Notes what a new cluster holds before anything is done to it, for the cell that may follow.
    pub(super) async fn remember(&self, context: &RunContext, cluster: &Cluster) -> Result<(), Trouble> {
        if !self.place.is_followed || locked(&self.place.taken).is_some() {
            return Ok(());
        }
        let before = Inventory::take(context, cluster).await?;
        let tools = self.state().tools.clone();
        *locked(&self.place.taken) =
            Some(Handed { cluster: cluster.clone(), tools, cell: self.place.cell.clone(), before });
        Ok(())
    }

    /// Removes the workloads and, if this run installed it, the mesh from a cluster that stays; lists what remains and why.
    pub(super) async fn clear(&self, context: &RunContext, cluster: &Cluster) -> Result<Vec<String>, Trouble> {
        let (prepared, installed) = (self.prepared(), self.state().installed);
        let uninstall = async {
            if installed == Installed::Made {
                return self.mesh.uninstall(context, cluster, &prepared).await;
            }
            Ok(Vec::new())
        };
        let (workloads, mesh) = tokio::join!(workload::remove(context, cluster, self.mesh.namespaces()), uninstall);
        let mut remains = workloads?;
        remains.extend(mesh?);
        Ok(remains)
    }

    /// Gives the cluster to the next cell once it is proven to be as it was. `None` when none follows, or this cell did not end
    /// well; a note for people otherwise, as an error when the cluster is not clean and cannot be handed on.
    pub(super) async fn hand_on(&self, context: &RunContext, cluster: &Cluster) -> Option<Result<String, String>> {
        let ended_well = {
            let state = self.state();
            !state.failed && !state.context.cancel.is_cancelled()
        };
        let taken = locked(&self.place.taken).take().filter(|_| self.place.is_followed && ended_well)?;
        let cleaned = match self.clear(context, cluster).await {
            Ok(remains) if !remains.is_empty() => Err(remains.join("; ")),
            Ok(_) => {
                let limit = Timeouts::of(context.timeouts.cleanup).min(SETTLING);
                as_before(context, cluster, &taken.before, limit).await.map_err(|error| chain(&error))
            }
            Err(trouble) => Err(trouble.what),
        };
        let name = &cluster.name;
        Some(match cleaned {
            Ok(()) => {
                let count = taken.before.len();
                *locked(&self.place.relay.handed) = Some(Handed { cell: self.place.cell.clone(), ..taken });
                Ok(format!(
                    "the cluster `{name}` goes to the next cell: it holds no object beside the {count} of its first moment"
                ))
            }
            Err(why) => Err(format!("the next cell gets a cluster of its own: {why}")),
        })
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
