//! Every step can be a task of its own: their futures are `Send`. What would break it is a closure that borrows across an
//! `await`, and the compiler names that only where a task is spawned.

mod fake;
#[path = "fake/cluster.rs"]
mod fake_cluster;

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Router;
use dualproof_driver::cluster::{Inventory, as_before};
use dualproof_driver::mesh::{MeshSettings, Prepared, choose};
use dualproof_driver::workload::MeshMark;
use dualproof_driver::{collect, diagnostics, probe, workload};
use dualproof_dump::bundle::Writer;
use dualproof_model::evidence::CallStage;
use dualproof_model::plan::MeshKind;

use fake::{Checked, context, serve};

fn is_send<T: Send>(future: T) {
    drop(future);
}

#[tokio::test]
async fn every_step_can_be_spawned() -> Checked {
    let (client, _) = serve(Router::new()).await?;
    let cluster = fake_cluster::cluster(client, false);
    let folder = tempfile::tempdir()?;
    let (context, writer) = (context(), Writer::create(folder.path())?);
    let mark = MeshMark { label: None, sidecar: None };
    let names = ["ns"];
    let sets = BTreeSet::new();
    is_send(workload::deploy(&context, &cluster, &[], mark));
    is_send(workload::reuse(&context, &cluster, &sets, None));
    is_send(workload::remove(&context, &cluster, &[]));
    is_send(probe::call_all(&context, &cluster, CallStage::Mesh, &[]));
    is_send(collect::objects(&context, &cluster, &names, &writer));
    is_send(diagnostics::collect(&context, &cluster, "s", "w", &names, &writer));
    is_send(diagnostics::reasons(&context, &cluster, &names));
    let before = Inventory::default();
    is_send(Inventory::take(&context, &cluster));
    is_send(as_before(&context, &cluster, &before, Duration::ZERO));

    // Without a mesh every step is there and does nothing.
    let mesh = choose(MeshKind::None, &MeshSettings::default());
    let prepared = mesh.prepare(&context).await?;
    assert_eq!(prepared, Prepared::default());
    mesh.install(&context, &cluster, &prepared).await?;
    mesh.converge(&context, &cluster, &[]).await?;
    mesh.collect(&context, &cluster, &[], &writer).await;
    assert_eq!(mesh.injection_label(), None);
    assert!(mesh.uninstall(&context, &cluster, &prepared).await?.is_empty());
    Ok(())
}
