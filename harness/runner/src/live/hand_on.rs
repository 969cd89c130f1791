//! Handing a cluster on: what a cell remembers of it, and what it clears away.

use std::time::Duration;

use dualproof_driver::cluster::{Cluster, Inventory, as_before};
use dualproof_driver::context::RunContext;
use dualproof_driver::mesh::Installed;
use dualproof_driver::trouble::{Trouble, chain};
use dualproof_driver::workload;
use dualproof_model::plan::Timeouts;

use super::Live;
use super::relay::{Handed, locked};

/// How long objects may take to follow those that they belonged to. A new cluster takes about twice as long.
const SETTLING: Duration = Duration::from_secs(10);

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
