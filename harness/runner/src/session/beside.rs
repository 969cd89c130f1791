//! The two stages that may go on beside each other: proving the cluster dual, and installing the mesh.

use std::cell::Cell;
use std::pin::pin;

use dualproof_model::evidence::Failure;
use dualproof_model::plan::ProviderKind;

use super::steps::Steps;
use crate::stage::Stage;

impl Steps<'_> {
    /// Proves the cluster dual and installs the mesh.
    ///
    /// On a cluster that the run made both go on at once: the baseline's pods are naked and in a namespace of their own, so
    /// that a sidecar mesh does not touch what they prove, and no workload of the mesh is deployed before they have proven it. A
    /// cluster that is not dual ends the run whatever the mesh says. On somebody's own cluster nothing is installed before it is proven.
    pub(super) async fn prove_and_install(&self) -> Result<(), Failure> {
        let mut proven = pin!(async {
            self.step(Stage::Baseline, self.driver.baseline(self.record.bundle())).await?;
            self.environment_is_dual()
        });
        let began = Cell::new(None);
        let mut installed = pin!(async {
            began.set(Some(self.record.millis()));
            self.step(Stage::Mesh, self.driver.mesh()).await
        });
        if self.job.settings.provider == ProviderKind::Existing {
            proven.await?;
            return installed.await;
        }
        tokio::select! {
            biased;
            proven = &mut proven => match (proven, began.get()) {
                (Ok(()), _) => installed.await,
                (Err(failure), None) => Err(failure),
                (Err(failure), Some(start)) => {
                    self.left(Stage::Mesh, start, "left, because the baseline failed")?;
                    Err(failure)
                }
            },
            installed = &mut installed => {
                proven.await?;
                installed
            }
        }
    }
}
