//! A cluster that the cells of one run hand on to each other, each time proven to be as it was before.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dualproof_driver::cluster::{Cluster, Inventory, ToolVersions};
use dualproof_driver::trouble::Trouble;
use tokio_util::sync::CancellationToken;

use super::before;
use super::context::run_context;
use crate::lease::RunFolder;
use crate::settings::Settings;

/// What cells hand on to each other. Clones are the same relay.
#[derive(Clone, Default)]
pub struct Relay {
    pub(super) handed: Arc<Mutex<Option<Handed>>>,
}

/// A cluster, the tools that made it, the cell that used it last, and what it held at first.
#[derive(Clone)]
pub(super) struct Handed {
    pub(super) cluster: Cluster,
    pub(super) tools: ToolVersions,
    pub(super) cell: String,
    pub(super) before: Inventory,
}

/// The place of one cell among those that use one cluster.
#[derive(Default)]
pub struct Place {
    pub(super) cell: String,
    pub(super) relay: Relay,
    pub(super) is_followed: bool,
    pub(super) taken: Mutex<Option<Handed>>,
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

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
